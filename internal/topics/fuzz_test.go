package topics

import "testing"

// FuzzIndex applies a script of operations to an index and to a model. An
// operation is encoded as follows: one byte with the operation, the pipe, and
// how many bytes of the topic differ from its fill byte; the length; the fill
// byte; for each byte that differs, its position and its value.
func FuzzIndex(f *testing.F) {
	f.Add([]byte("\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		o := newModel(t, 4)
		s := fuzzScript(script[:min(len(script), 2000)])
		for n := 0; len(s) > 0; n++ {
			op := s.next()
			p := o.pipes[op>>2&3]
			topic := s.topic(op >> 4 & 3)
			switch op & 3 {
			case 0:
				o.add(topic, p)
			case 1:
				o.remove(topic, p)
			case 2:
				o.match(topic)
			case 3:
				o.removeSome(p, len(topic))
			}
			if n%16 == 0 {
				o.check()
			}
		}
		o.check()
		o.clear()
	})
}

type fuzzScript []byte

func (s *fuzzScript) next() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

// topic decodes a topic. Most are short; some are longer than maxMergedLabel.
func (s *fuzzScript) topic(changes byte) string {
	n := int(s.next())
	if n >= 0xf0 {
		n = (n-0xf0)*100 + 50
	}
	fill := s.next()
	b := make([]byte, n)
	for i := range b {
		b[i] = fill
	}
	for range changes {
		if i := int(s.next()); i < n {
			b[i] = s.next()
		}
	}
	return string(b)
}
