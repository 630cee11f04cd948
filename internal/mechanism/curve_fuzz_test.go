package mechanism_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// splitCommands returns the commands in data: each follows its size in 2 bytes.
func splitCommands(data []byte) (commands [][]byte) {
	for len(data) >= 2 && len(commands) < 4 {
		n := min(int(binary.BigEndian.Uint16(data)), len(data)-2)
		commands = append(commands, data[2:2+n])
		data = data[2+n:]
	}
	return commands
}

func joinCommands(commands ...[]byte) (data []byte) {
	for _, c := range commands {
		data = append(binary.BigEndian.AppendUint16(data, uint16(len(c))), c...)
	}
	return data
}

// addCommandSeeds adds the right commands, alone and after the first one.
func addCommandSeeds(f *testing.F, first string) {
	in := curveInputs()
	for _, body := range in {
		f.Add(joinCommands(body))
		f.Add(joinCommands(in[first], body))
	}
}

// fuzzCurve gives commands to a mechanism. Its keys and random bytes are always the
// same, so it accepts only the commands of the recorded handshake: it has the
// status end after last and nothing else.
func fuzzCurve(f *testing.F, start func() mechanism.Mechanism, first, last string, end mechanism.Status) {
	addCommandSeeds(f, first)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := start()
		for _, body := range splitCommands(data) {
			m.Next(nil)
			if err := m.Receive(body); err != nil {
				if _, ok := m.Next(nil); ok || m.Status() != mechanism.Handshaking {
					t.Fatal("continues after an error")
				}
				return
			}
			if m.Status() == end {
				if !bytes.Equal(body, curveInputs()[last]) {
					t.Fatalf("accepted %x", body)
				}
				return
			}
		}
	})
}

func FuzzCurveServer(f *testing.F) {
	start := func() mechanism.Mechanism { return serverAfter(0) }
	fuzzCurve(f, start, "HELLO", "INITIATE", mechanism.Waiting)
}

func FuzzCurveClient(f *testing.F) {
	start := func() mechanism.Mechanism { return clientAfter(0) }
	fuzzCurve(f, start, "WELCOME", "READY", mechanism.Complete)
}

// FuzzCurveOpen: a server opens only frames that the client has sealed, so no
// input but the seeds.
func FuzzCurveOpen(f *testing.F) {
	r := newReference()
	valid := map[string]bool{}
	for i, body := range []string{"", "body", string(make([]byte, 300))} {
		frame := r.message(toServer, uint64(3+i), byte(i), body)
		valid[string(frame)] = true
		f.Add(frame)
		f.Add(frame[:len(frame)-1])
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		_, plain, err := serverAfter(2).Open(bytes.Clone(frame))
		if (err == nil) != valid[string(frame)] {
			t.Fatalf("%x opened to %q, %v", frame, plain, err)
		}
		if err == nil && len(plain) != len(frame)-mechanism.SealOverhead {
			t.Fatalf("%d bytes opened to %d", len(frame), len(plain))
		}
	})
}
