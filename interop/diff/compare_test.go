package diff

import (
	"fmt"
	"slices"
	"strings"
)

// normal is a trace with everything made the same that may be different: the
// ids that sockets make up, by the order in which they appear, and the order
// of messages where the step leaves it free.
func (s *Scenario) normal(t Trace) Trace {
	ids := map[string]string{}
	label := func(id string) string {
		if ids[id] == "" {
			ids[id] = fmt.Sprintf("<id %d>", len(ids)+1)
		}
		return ids[id]
	}
	n := make(Trace, len(t))
	for i, o := range t {
		n[i] = Outcome{Err: o.Err, Counts: o.Counts}
		for j, m := range o.Got {
			m = slices.Clone(m)
			for k := range m {
				if i < len(s.Steps) && s.madeUp(&s.Steps[i], m[k], j, k) {
					m[k] = label(m[k])
				}
			}
			n[i].Got = append(n[i].Got, m)
		}
		if i < len(s.Steps) {
			n[i].arrange(s.Steps[i].Order)
		}
	}
	return n
}

// madeUp reports whether a frame of a message that a step received is an id
// that a socket made up: of a peer, in front, or of a request.
func (s *Scenario) madeUp(st *Step, frame string, message, at int) bool {
	switch {
	case st.Socket == "":
		return false
	case at > 0:
		return message == 0 && at < len(st.Keep) && st.Keep[at] != ""
	}
	switch s.socket(st.Socket).Type {
	case "ROUTER", "STREAM":
		return len(unlatin(frame)) == 5 && frame[0] == 0
	case "SERVER":
		return true
	}
	return false
}

// arrange makes outcomes the same that differ in nothing but a free order.
func (o *Outcome) arrange(order string) {
	switch order {
	case anyOrder:
		slices.SortFunc(o.Got, slices.Compare)
	case perSource:
		slices.SortStableFunc(o.Got, func(a, b []string) int { return strings.Compare(source(a), source(b)) })
	case onlyCount:
		o.Got, o.Counts = nil, []int{len(o.Got)}
	case newest:
		o.Got = o.Got[max(0, len(o.Got)-1):]
	case together:
		slices.SortFunc(o.Got, slices.Compare)
		o.Counts = nil
	}
}

// source is who sent a message, if its last frame says so before a dot. What
// has none is a socket's own, and if it is a ROUTER or SERVER that received it,
// in front is whose.
func source(m []string) string {
	who, _, ok := strings.Cut(m[len(m)-1], ".")
	if !ok {
		return strings.Join(m, "|")
	}
	return who
}

// equal reports whether two outcomes are the same.
func (o Outcome) equal(p Outcome) bool {
	return o.Err == p.Err && slices.Equal(o.Counts, p.Counts) && slices.EqualFunc(o.Got, p.Got, slices.Equal)
}

// meets reports whether an outcome is what a script demands. A frame that is
// kept may be any, and so may messages that are only counted.
func (o Outcome) meets(want Outcome, st *Step) bool {
	if st.Do == doRecv && want.Counts != nil {
		return o.Err == want.Err && len(o.Got) == want.Counts[0]
	}
	w := Outcome{Err: want.Err, Counts: want.Counts}
	for i, m := range want.Got {
		m = slices.Clone(m)
		for j, f := range m {
			if strings.HasPrefix(f, "$") && i < len(o.Got) && j < len(o.Got[i]) {
				m[j] = o.Got[i][j]
			}
		}
		w.Got = append(w.Got, m)
	}
	w.arrange(st.Order)
	return o.equal(w)
}

// compare returns what is wrong with the two traces of a scenario, or nothing.
func (s *Scenario) compare(ours, libzmq Trace) string {
	ours, libzmq = s.normal(ours), s.normal(libzmq)
	wrong := make([]string, len(s.Steps))
	found := false
	for i := range s.Steps {
		if wrong[i] = s.compareStep(i, ours, libzmq); wrong[i] != "" {
			found = true
		}
	}
	if !found {
		return ""
	}
	return s.show(ours, libzmq, wrong)
}

func (s *Scenario) compareStep(i int, ours, libzmq Trace) string {
	st := &s.Steps[i]
	if i >= len(libzmq) || i >= len(ours) {
		return "not reached"
	}
	l, o := libzmq[i], ours[i]
	var wrong []string
	if st.Want != nil && !l.meets(*st.Want, st) {
		wrong = append(wrong, fmt.Sprintf("libzmq should have: %v", st.Want))
	}
	switch d := st.Differs; {
	case d != nil && !o.meets(d.Ours, st):
		wrong = append(wrong, fmt.Sprintf("ours should have: %v (%s)", d.Ours, d.Why))
	case d == nil && !o.equal(l):
		wrong = append(wrong, "DIFFERENT")
	}
	return strings.Join(wrong, "; ")
}

// show puts the two traces side by side.
func (s *Scenario) show(ours, libzmq Trace, wrong []string) string {
	at := func(t Trace, i int) string {
		if i >= len(t) {
			return "-"
		}
		return t[i].String()
	}
	var b strings.Builder
	for _, so := range s.Sockets {
		fmt.Fprintf(&b, "  %s %s %v\n", so.Name, so.Type, so.Options)
	}
	fmt.Fprintf(&b, "  %-36s  %-36s  %s\n", "step", "libzmq", "ours")
	for i := range s.Steps {
		mark := " "
		if wrong[i] != "" {
			mark = ">"
		}
		fmt.Fprintf(&b, "%s %-36s  %-36s  %s", mark, s.Steps[i].String(), at(libzmq, i), at(ours, i))
		if wrong[i] != "" {
			fmt.Fprintf(&b, "  <- %s", wrong[i])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
