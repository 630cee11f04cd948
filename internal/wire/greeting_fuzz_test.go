package wire

import (
	"bytes"
	"testing"
)

// greeter handles greetings as an engine does: at each step it sends all parts
// that the step permits, until the greeting of the peer is complete.
type greeter struct {
	in, out []byte
	step    GreetingStep // of the previous feed
	g       Greeting
	n       int
	done    bool
}

func (e *greeter) feed(t *testing.T, b []byte) {
	e.in = append(e.in, b...)
	if e.done {
		return
	}
	step := Classify(e.in)
	if step < e.step {
		t.Fatalf("step decreased from %d to %d after %x", e.step, step, e.in)
	}
	if step >= SignatureSeen && e.step < SignatureSeen {
		e.out = AppendRevision(e.out)
	}
	if step > SignatureSeen && e.step <= SignatureSeen {
		e.out = e.appendTail(step)
	}
	e.step = step
	e.g, e.n, e.done = ConsumeGreeting(e.in)
}

func (e *greeter) appendTail(step GreetingStep) []byte {
	if step == RevisionV3 {
		return AppendGreetingV3Tail(e.out, "NULL", false)
	}
	return AppendGreetingV2Tail(e.out, 5)
}

// TestGreetingDoesNotDependOnReadSizes feeds every kind of greeting at once,
// byte by byte and in two pieces. Bytes sent and values decoded must be the
// same.
func TestGreetingDoesNotDependOnReadSizes(t *testing.T) {
	greetings := map[string][]byte{
		"1.0 short":      []byte("\x06\x00hello\x01\x00"),
		"1.0 long":       append([]byte("\xff\x00\x00\x00\x00\x00\x00\x01\x01\x00"), make([]byte, 256)...),
		"1.0 revision 0": append(versioned(0), 5, 0, 0),
		"2.0":            append(versioned(1), 5, 0, 0),
		"revision 2":     greetingV3(2, 0, "NULL", 0),
		"3.0":            greetingV3(3, 0, "NULL", 0),
		"3.1":            append(greetingV3(3, 1, "NULL", 0), "\x04\x00"...),
		"4.0":            greetingV3(4, 0, "NULL", 0),
	}
	for name, b := range greetings {
		t.Run(name, func(t *testing.T) {
			for cut := range len(b) + 1 {
				checkGreeting(t, b, cut)
			}
		})
	}
}

func checkGreeting(t *testing.T, b []byte, cut int) {
	var whole, parts, single greeter
	whole.feed(t, b)
	parts.feed(t, b[:cut])
	parts.feed(t, b[cut:])
	for i := range b {
		single.feed(t, b[i:i+1])
	}
	for _, e := range []*greeter{&parts, &single} {
		if !bytes.Equal(e.out, whole.out) || e.g != whole.g || e.n != whole.n || e.done != whole.done {
			t.Fatalf("%x: fed at once %+v, in pieces %+v", b, whole, *e)
		}
	}
	if whole.n > len(b) || whole.done && whole.n == 0 != whole.g.Unversioned {
		t.Fatalf("%x: decoded %d bytes to %+v", b, whole.n, whole.g)
	}
}

func FuzzGreeting(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte, cut uint) {
		if len(b) > 2*GreetingLen {
			b = b[:2*GreetingLen]
		}
		checkGreeting(t, b, int(cut%uint(len(b)+1)))
		g, _, ok := ConsumeGreeting(b)
		if name, named := g.MechanismName(); named && !(ok && g.IsMechanism(name)) {
			t.Fatalf("%x: MechanismName returns %q, but IsMechanism returns false", g.Mechanism, name)
		}
	})
}
