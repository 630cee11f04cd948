package z85_test

import (
	"errors"
	"fmt"

	"github.com/zerobroker/zmq/z85"
)

func ExampleEncodeToString() {
	text, err := z85.EncodeToString([]byte{0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b})
	if err != nil {
		panic(err)
	}
	fmt.Println(text)
	// Output: HelloWorld
}

func ExampleDecodeString() {
	data, err := z85.DecodeString("HelloWorld")
	if err != nil {
		panic(err)
	}
	fmt.Printf("%x\n", data)
	// Output: 864fd26fb559f75b
}

// The type of an error says what is wrong with the text, and where.
func ExampleDecodeString_errors() {
	for _, text := range []string{"HelloWorl", `Hello"orld`, "Hello#####"} {
		_, err := z85.DecodeString(text)
		fmt.Println(err)
		if char, ok := errors.AsType[z85.CharError](err); ok {
			fmt.Printf("%s <- here\n", text[:char.Offset+1])
		}
	}
	// Output:
	// z85: text of length 9, not a multiple of 5
	// z85: invalid character "\"" at offset 5
	// Hello" <- here
	// z85: the 5 characters at offset 5 encode a number above 2^32-1
}

// AppendEncode allocates nothing if the buffer is large enough.
func ExampleAppendEncode() {
	line := make([]byte, 0, 64)
	line = append(line, "key: "...)
	line, err := z85.AppendEncode(line, []byte{0x86, 0x4f, 0xd2, 0x6f})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", line)
	// Output: key: Hello
}
