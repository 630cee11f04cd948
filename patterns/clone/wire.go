package clone

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/zerobroker/zmq"
)

// The keys of commands. No value can have them.
const (
	keyRequest = "ICANHAZ?"
	keyEnd     = "KTHXBAI"
	keyBeat    = "HUGZ"
)

// serverProperty is the property of the handshake by which a server recognises the request
// of its peer. It then adds the remaining time to live to the values of the snapshot.
const serverProperty = "X-CHP-Server"

// uuid identifies an update. The zero value is none.
type uuid [16]byte

// update is a command of five frames: KVSYNC, KTHXBAI, KVPUB, HUGZ or KVSET.
// https://rfc.zeromq.org/spec/12/
type update struct {
	key    string
	number uint64 // sequence number
	id     uuid
	props  []byte // lines of the form name=value
	value  []byte // empty if the key is deleted
}

// encode returns an update as a message. It does not copy properties and value.
func (u *update) encode() zmq.Message {
	var id []byte
	if u.id != (uuid{}) {
		id = bytes.Clone(u.id[:])
	}
	return zmq.NewMessage([]byte(u.key), binary.BigEndian.AppendUint64(nil, u.number), id, u.props, u.value)
}

// decode reads an update. Properties and value share the memory of the message.
func decode(m zmq.Message) (u update, ok bool) {
	if m.NumFrames() != 5 || len(m.Frame(1)) != 8 || len(m.Frame(2)) != 0 && len(m.Frame(2)) != len(u.id) {
		return u, false
	}
	u = update{key: string(m.Frame(0)), number: binary.BigEndian.Uint64(m.Frame(1)), props: m.Frame(3), value: m.Frame(4)}
	copy(u.id[:], m.Frame(2))
	return u, len(u.key) > 0
}

// encodeRequest returns the command ICANHAZ.
func encodeRequest(subtree string) zmq.Message { return zmq.NewStringMessage(keyRequest, subtree) }

// decodeRequest reads the command ICANHAZ.
func decodeRequest(m zmq.Message) (subtree string, ok bool) {
	if m.NumFrames() != 2 || string(m.Frame(0)) != keyRequest {
		return "", false
	}
	subtree = string(m.Frame(1))
	return subtree, validSubtree(subtree)
}

// validSubtree reports whether a subtree is empty, or path segments between slashes.
func validSubtree(s string) bool {
	return s == "" || len(s) > 2 && s[0] == '/' && s[len(s)-1] == '/'
}

// encodeTTL returns the property ttl, in whole seconds, rounded up, or nil for none.
func encodeTTL(ttl time.Duration) []byte {
	if ttl <= 0 {
		return nil
	}
	return append(strconv.AppendInt([]byte("ttl="), int64((ttl+time.Second-1)/time.Second), 10), '\n')
}

// maxTTL bounds the time to live that a client may request.
const maxTTL = 100 * 365 * 24 * time.Hour

// decodeTTL returns the property ttl, or 0 if there is none. ok is false if the properties
// are malformed.
func decodeTTL(props []byte) (ttl time.Duration, ok bool) {
	if len(props) > 0 && props[len(props)-1] != '\n' {
		return 0, false
	}
	for line := range strings.Lines(string(props)) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !found {
			return 0, false
		}
		if name != "ttl" || value == "" {
			continue
		}
		seconds, err := strconv.ParseUint(value, 10, 32)
		if err != nil || time.Duration(seconds)*time.Second > maxTTL {
			return 0, false
		}
		ttl = time.Duration(seconds) * time.Second
	}
	return ttl, true
}
