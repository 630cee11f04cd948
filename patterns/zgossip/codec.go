package zgossip

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Every message is one frame: the signature, the command, the version, and for a PUBLISH
// the key (a string of up to 255 bytes with a length of one byte), the value (a string
// with a length of 4 bytes) and the time to live in milliseconds, which CZMQ sends as 0
// and does not use.
const (
	signature0 = 0xAA
	signature1 = 0xA0
	version    = 1

	headerSize = 4
	maxKey     = 255
)

// commandID is the kind of a message.
type commandID byte

const (
	cmdHello   commandID = 1 // a client requests all tuples
	cmdPublish commandID = 2 // either side announces a tuple
	cmdPing    commandID = 3 // a client shows that it is alive
	cmdPong    commandID = 4 // the server replies to PING
	cmdInvalid commandID = 5 // the server has rejected a command and forgotten the client
)

// command is a decoded message.
type command struct {
	id         commandID
	key, value string // of PUBLISH
}

var errMalformed = errors.New("malformed message")

// encode returns the frame of a command.
func (c command) encode() []byte {
	b := make([]byte, 0, headerSize+1+len(c.key)+4+len(c.value)+4)
	b = append(b, signature0, signature1, byte(c.id), version)
	if c.id != cmdPublish {
		return b
	}
	b = append(b, byte(len(c.key)))
	b = append(b, c.key...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.value)))
	b = append(b, c.value...)
	return binary.BigEndian.AppendUint32(b, 0)
}

// decode reads the frame of a command. Bytes after the last field are ignored, as CZMQ
// ignores them.
func decode(b []byte) (command, error) {
	if len(b) < headerSize || b[0] != signature0 || b[1] != signature1 || b[3] != version {
		return command{}, errMalformed
	}
	c := command{id: commandID(b[2])}
	switch c.id {
	case cmdHello, cmdPing, cmdPong, cmdInvalid:
		return c, nil
	case cmdPublish:
		return decodePublish(b[headerSize:])
	}
	return command{}, errMalformed
}

func decodePublish(b []byte) (command, error) {
	if len(b) < 1 || len(b) < 1+int(b[0])+4 {
		return command{}, errMalformed
	}
	key, b := b[1:1+int(b[0])], b[1+int(b[0]):]
	size := binary.BigEndian.Uint32(b)
	b = b[4:]
	if uint64(len(b)) < uint64(size)+4 {
		return command{}, errMalformed
	}
	c := command{id: cmdPublish, key: string(key), value: string(b[:size])}
	if !valid(c.key) || !valid(c.value) {
		return command{}, errMalformed
	}
	return c, nil
}

// valid reports whether CZMQ can represent a text: its strings end at a NUL.
func valid(text string) bool { return strings.IndexByte(text, 0) < 0 }
