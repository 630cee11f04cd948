package engine_test

import (
	"errors"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// testMechanism is a mechanism that encrypts by inverting all bits. It expects
// the given number of CHAT commands before READY.
type testMechanism struct {
	*mechanism.Null
	chats int
}

func (m *testMechanism) Name() string { return "TEST" }
func (m *testMechanism) Seals() bool  { return true }

func (m *testMechanism) Receive(body []byte) error {
	if m.chats > 0 {
		m.chats--
		return nil
	}
	return m.Null.Receive(body)
}

func (m *testMechanism) Seal(dst []byte, flags byte, body []byte) ([]byte, error) {
	if len(body) == unsealableSize {
		return dst, errSeal
	}
	dst = append(append(dst, flags), make([]byte, mechanism.SealOverhead-1)...)
	for _, c := range body {
		dst = append(dst, ^c)
	}
	return dst, nil
}

func (m *testMechanism) Open(sealed []byte) (byte, []byte, error) {
	if len(sealed) < mechanism.SealOverhead || sealed[0] > wire.FlagMore|wire.FlagCommand {
		return 0, nil, mechanism.ErrMalformed
	}
	plain := sealed[mechanism.SealOverhead:]
	for i := range plain {
		plain[i] = ^plain[i]
	}
	return sealed[0], plain, nil
}

// unsealableSize is the size of a body for which Seal fails.
const unsealableSize = 777

var errSeal = errors.New("test mechanism failed")

// securedDealer is like dealer with a testMechanism.
func securedDealer(chats int) *engine.Config {
	cfg := dealer("")
	cfg.NewMechanism = func(metadata []byte) mechanism.Mechanism {
		return &testMechanism{Null: mechanism.NewNull(metadata), chats: chats}
	}
	return cfg
}

// sealedFrame returns a frame encrypted by testMechanism.
func sealedFrame(flags byte, body string) string {
	sealed, _ := (&testMechanism{}).Seal(nil, flags, []byte(body))
	return string(append(wire.AppendFrameHeader(nil, 0, len(sealed)), sealed...))
}
