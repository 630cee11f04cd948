package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// A connection is a connection file: how clients reach a kernel.
// https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files
type connection struct {
	Transport string `json:"transport"` // "tcp" or "ipc"
	IP        string `json:"ip"`
	Shell     int    `json:"shell_port"`
	IOPub     int    `json:"iopub_port"`
	Stdin     int    `json:"stdin_port"`
	Control   int    `json:"control_port"`
	Heartbeat int    `json:"hb_port"`
	Scheme    string `json:"signature_scheme"` // "hmac-sha256"
	Key       string `json:"key"`              // of the signatures; messages without a key are not signed

	// The key pair of the kernel, for CURVE. ipykernel has it since version 7.3.
	PublicKey string `json:"curve_publickey,omitempty"`
	SecretKey string `json:"curve_secretkey,omitempty"`
}

func readConnection(path string) (c connection, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if c.Scheme != "hmac-sha256" && c.Key != "" {
		return c, fmt.Errorf("%s: unknown signature scheme %q", path, c.Scheme)
	}
	return c, nil
}

// endpoint returns the endpoint with a port.
func (c connection) endpoint(port int) string {
	if c.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", c.IP, port)
	}
	return fmt.Sprintf("tcp://%s:%d", c.IP, port)
}

// clientOptions returns the options of the sockets of a client.
func (c connection) clientOptions() (*zmq.Options, error) {
	if c.PublicKey == "" {
		return nil, nil
	}
	key, err := curve.ParsePublicKey(c.PublicKey)
	return &zmq.Options{Security: zmq.Security{Mechanism: zmq.Curve{ServerKey: key}}}, err
}

// kernelOptions returns the options of the sockets of a kernel. It accepts each client that
// knows its public key, as it does each client that knows the key of the signatures.
func (c connection) kernelOptions() (*zmq.Options, error) {
	if c.SecretKey == "" {
		return nil, nil
	}
	key, err := curve.ParseKey(c.SecretKey)
	return &zmq.Options{Security: zmq.Security{
		Mechanism: zmq.Curve{Server: true, Key: key}, Authenticator: zmq.AllowAny,
	}}, err
}

// A header identifies a message.
type header struct {
	ID       string `json:"msg_id"`
	Type     string `json:"msg_type"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Version  string `json:"version"`
}

func newHeader(typ, session string) header {
	return header{
		ID: rand.Text(), Type: typ, Session: session, Username: "zmq",
		Date: time.Now().UTC().Format(time.RFC3339Nano), Version: "5.3",
	}
}

// A message is a message of a kernel or a client.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#general-message-format
type message struct {
	header  header
	parent  header          // of the request that it answers
	content json.RawMessage // depends on the type
}

// delimiter is the frame between routing IDs, or a topic, and the message.
var delimiter = []byte("<IDS|MSG>")

// encode returns the frames of a message. content is encoded as JSON. An empty parent is {}.
func encode(key string, h, parent header, content any) ([][]byte, error) {
	var parts [4][]byte
	var err error
	for i, v := range []any{h, parent, struct{}{}, content} {
		if v == (header{}) {
			v = struct{}{}
		}
		if parts[i], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	return append([][]byte{delimiter, sign(key, parts[:])}, parts[:]...), nil
}

// decode checks the signature of a message and decodes it.
func decode(key string, m zmq.Message) (d message, err error) {
	frames := m.Frames()
	for len(frames) > 0 && !bytes.Equal(frames[0], delimiter) {
		frames = frames[1:]
	}
	if len(frames) < 6 {
		return d, errors.New("message without its parts")
	}
	if !hmac.Equal(frames[1], sign(key, frames[2:6])) {
		return d, errors.New("message with a wrong signature")
	}
	if err := json.Unmarshal(frames[2], &d.header); err != nil {
		return d, err
	}
	d.content = frames[5]
	return d, json.Unmarshal(frames[3], &d.parent)
}

// sign returns the signature in hexadecimal, or nothing without a key.
func sign(key string, parts [][]byte) []byte {
	if key == "" {
		return nil
	}
	mac := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}
