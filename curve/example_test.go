package curve_test

import (
	"encoding/json"
	"fmt"

	"github.com/zerobroker/zmq/curve"
)

// A server keeps its key and publishes the public half.
func ExampleGenerateKey() {
	key, err := curve.GenerateKey()
	if err != nil {
		panic(err)
	}
	secret := key.SecretZ85()       // store this where only the server can read it
	public := key.Public().String() // give this to the clients
	fmt.Println(len(secret), len(public))

	// At its next start the server reads the key again.
	again, err := curve.ParseKey(secret)
	if err != nil {
		panic(err)
	}
	fmt.Println(again.Equal(key))
	// Output:
	// 40 40
	// true
}

// The errors say what is wrong without printing what may be a secret.
func ExampleParseKey_errors() {
	for _, text := range []string{
		"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n",
		"'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh",
		"0000000000000000000000000000000000000000",
	} {
		_, err := curve.ParseKey(text)
		fmt.Println(err)
	}
	// Output:
	// curve: secret key: length 41, want 40 for Z85 or 64 for hexadecimal: white space before or after the key
	// curve: secret key: z85: invalid character "'" at offset 0
	// curve: secret key: all bytes are zero
}

// Package fmt prints the public key of a Key.
func ExampleKey_String() {
	key, err := curve.ParseKey("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")
	if err != nil {
		panic(err)
	}
	config := struct{ Key, Backup curve.Key }{Key: key}
	fmt.Println(key)
	fmt.Printf("%+v\n", config)
	// Output:
	// secret key of rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
	// {Key:secret key of rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 Backup:not set}
}

// A configuration file can contain public keys, and secret keys if only the
// program can read it.
func ExamplePublicKey_UnmarshalText() {
	var config struct {
		ServerKey curve.PublicKey
		Key       curve.Key
	}
	text := []byte(`{
		"ServerKey": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
		"Key": "7bb864b489afa3671fbe69101f94b38972f24816dfb01b51656b3fec8dfd0888"
	}`)
	if err := json.Unmarshal(text, &config); err != nil {
		panic(err)
	}
	fmt.Println(config.ServerKey)
	fmt.Println(config.Key.Public())
	// Output:
	// rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
	// Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID
}
