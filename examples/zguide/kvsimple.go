package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/zerobroker/zmq"
)

// kvSimple is an update of a key, the Guide's class kvsimple. As a message it has three
// frames: the key, the sequence number in 8 bytes, and the value.
type kvSimple struct {
	key      string
	sequence int64
	body     []byte
}

func (kv kvSimple) frames() [][]byte {
	return [][]byte{[]byte(kv.key), binary.BigEndian.AppendUint64(nil, uint64(kv.sequence)), kv.body}
}

func parseKVSimple(m zmq.Message) (kvSimple, error) {
	if m.NumFrames() != 3 || len(m.Frame(1)) != 8 {
		return kvSimple{}, fmt.Errorf("malformed update %q", m)
	}
	return kvSimple{string(m.Frame(0)), int64(binary.BigEndian.Uint64(m.Frame(1))), m.Frame(2)}, nil
}

// randomKVSimple returns an update of a random key, which begins with a prefix.
func randomKVSimple(prefix string, sequence int64) kvSimple {
	key := prefix + strconv.Itoa(rand.IntN(10000))
	return kvSimple{key, sequence, strconv.AppendInt(nil, rand.Int64N(1000000), 10)}
}
