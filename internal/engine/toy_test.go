package engine_test

import (
	"errors"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// toy is a mechanism that seals, in the place of those that are real: it turns
// bits around, and asks for some CHATs before READY.
type toy struct {
	*mechanism.Null
	chats int
}

func (y *toy) Name() string { return "TOY" }
func (y *toy) Seals() bool  { return true }

func (y *toy) Receive(body []byte) error {
	if y.chats > 0 {
		y.chats--
		return nil
	}
	return y.Null.Receive(body)
}

func (y *toy) Seal(dst []byte, flags byte, body []byte) ([]byte, error) {
	if len(body) == toyFails {
		return dst, errToy
	}
	dst = append(dst, flags)
	for _, c := range body {
		dst = append(dst, ^c)
	}
	return dst, nil
}

func (y *toy) Open(sealed []byte) (byte, []byte, error) {
	if len(sealed) == 0 || sealed[0] > wire.FlagMore|wire.FlagCommand {
		return 0, nil, errToy
	}
	for i := range sealed[1:] {
		sealed[1+i] = ^sealed[1+i]
	}
	return sealed[0], sealed[1:], nil
}

// toyFails is a size of body that toy will not seal.
const toyFails = 777

var errToy = errors.New("toy broken")

// secured is dealer with toy for its mechanism.
func secured(chats int) *engine.Config {
	cfg := dealer("")
	cfg.NewMechanism = func(metadata []byte) mechanism.Mechanism {
		return &toy{Null: mechanism.NewNull(metadata), chats: chats}
	}
	return cfg
}

// toyFrame is a frame as toy has it on the wire.
func toyFrame(flags byte, body string) string {
	sealed, _ := (&toy{}).Seal(nil, flags, []byte(body))
	return string(append(wire.AppendFrameHeader(nil, 0, len(sealed)), sealed...))
}
