package zcert_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// A server makes its certificate once and reads it at each start. A client has
// a copy of the public file.
func Example() {
	dir, err := os.MkdirTemp("", "zcert")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "server.cert")

	key, err := curve.GenerateKey()
	if err != nil {
		panic(err)
	}
	made := zcert.Certificate{
		Key:      key,
		Metadata: []zcert.Property{{Name: "name", Value: "front server"}},
	}
	if err := made.Write(path); err != nil { // writes server.cert and server.cert_secret
		panic(err)
	}

	server, err := zcert.Read(path)
	if err != nil {
		panic(err)
	}
	client, err := zcert.ReadPublic(path)
	if err != nil {
		panic(err)
	}
	fmt.Println("server has its key:", server.Key.Equal(key))
	fmt.Println("client knows the server:", client.Public == key.Public())
	fmt.Println("client has the secret:", !client.Key.IsZero())
	fmt.Println("name:", client.Metadata[0].Value)
	// Output:
	// server has its key: true
	// client knows the server: true
	// client has the secret: false
	// name: front server
}
