package pattern

import "testing"

// FuzzTopics runs a script of operations on the set and on an oracle. Each
// takes a byte with the operation, the pipe and how often the topic differs
// from one byte repeated; the length; that byte; and where it differs and how.
func FuzzTopics(f *testing.F) {
	f.Add([]byte("\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		o := newTopicOracle(t, 4)
		s := topicScript(script[:min(len(script), 2000)])
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

type topicScript []byte

func (s *topicScript) next() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

// topic makes most topics short, and some longer than edges are fused.
func (s *topicScript) topic(changes byte) string {
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
