package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// kvMsg is an update of a key, the Guide's class kvmsg, https://rfc.zeromq.org/spec/12/.
// As a message it has five frames: the key, the sequence number in 8 bytes, a UUID, the
// properties as lines "name=value", and the value. Without a value the key is deleted.
type kvMsg struct {
	key        string
	sequence   int64
	uuid       string
	properties map[string]string
	body       []byte
}

// newKVMsg returns an update with a UUID that expires after ttl seconds, or never if ttl
// is 0.
func newKVMsg(key string, body []byte, ttl int) kvMsg {
	uuid := make([]byte, 16)
	rand.Read(uuid)
	return kvMsg{key, 0, string(uuid), map[string]string{"ttl": strconv.Itoa(ttl)}, body}
}

func (kv kvMsg) frames() [][]byte {
	var lines []byte
	for name, value := range kv.properties {
		lines = fmt.Appendf(lines, "%s=%s\n", name, value)
	}
	return [][]byte{[]byte(kv.key), binary.BigEndian.AppendUint64(nil, uint64(kv.sequence)), []byte(kv.uuid), lines, kv.body}
}

func parseKVMsg(m zmq.Message) (kvMsg, error) {
	if m.NumFrames() != 5 || len(m.Frame(1)) != 8 {
		return kvMsg{}, fmt.Errorf("malformed update %q", m)
	}
	kv := kvMsg{string(m.Frame(0)), int64(binary.BigEndian.Uint64(m.Frame(1))), string(m.Frame(2)), map[string]string{}, m.Frame(4)}
	for line := range strings.Lines(string(m.Frame(3))) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			kv.properties[name] = value
		}
	}
	return kv, nil
}

// ttl returns after how many seconds an update from a client expires.
func (kv kvMsg) ttl() int {
	ttl, _ := strconv.Atoi(kv.properties["ttl"]) // 0 if it is missing
	return ttl
}

// kvStore has the current value of each key.
type kvStore map[string]kvValue

type kvValue struct {
	kvMsg
	expires time.Time // zero if never
}

// set stores an update, or deletes its key. ttl is the time until it expires, or 0.
func (s kvStore) set(kv kvMsg, ttl time.Duration) {
	if len(kv.body) == 0 {
		delete(s, kv.key)
		return
	}
	value := kvValue{kvMsg: kv}
	if ttl > 0 {
		value.expires = time.Now().Add(ttl)
	}
	s[kv.key] = value
}

// expired returns the keys that have expired.
func (s kvStore) expired(now time.Time) (keys []string) {
	for key, value := range s {
		if !value.expires.IsZero() && !now.Before(value.expires) {
			keys = append(keys, key)
		}
	}
	return keys
}
