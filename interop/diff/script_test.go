package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Scripts are how scenarios are written by hand. A line is a socket, or a step
// and what must come of it at libzmq:
//
//	a PUSH sndhwm=2                 a socket and its options: numbers, or frames
//	a bind x                        also unbind, connect, disconnect
//	a connect x as id               and whoever is there has that routing id
//	a connect x refused             and the far side will not have it
//	a connect x ousts b             and it will no longer have b
//	a close
//	a sub topic                     also unsub, join, leave
//	a topics -> 2                   it knows so many
//	a assign topic                  to the peer whose subscription it received last; also unassign
//	a send one | two                a message of two frames; of a RADIO and a SERVER, whom to and the frame
//	a send one -> EAGAIN            and its error
//	b recv one | two                waits for this message
//	b recv one ; two                waits for these, in this order
//	b recv $id | x                  keeps a frame that is different each time
//	a send $id | x                  sends it
//	b any one ; two                 waits for these, in whichever order
//	b take 3                        waits for three messages
//	b none                          when all has settled there is no message
//	b none -> EFSM
//	b all one ; two                 when all has settled there are these
//	b newest two                    when all has settled there is this, behind any others
//	a fill 100 -> 4                 100 numbered messages, of which 4 may be sent
//	pool b=2 c=1 : one ; two ; one  between them they have these, so many each
//	a end b $id                     a STREAM sends an empty message, and b is gone
//	t TCP                           bytes and no socket; its messages have one frame
//	t hangup                        ends its connection; close stops listening too
//	t eof                           the far side has ended it
//	only 4.3.5 because why          the one version of libzmq that plays this
//	! -> EHOSTUNREACH because why   ours differs in the step before, on purpose
//
// What is in libzmq's draft interface is played by the one that has it.
//
// libzmq's sockets see that a connection has ended when they look for messages
// behind its last, so some scripts have them look, with "none".
//
// A frame is a word, a Go string in quotes, *N for N bytes, or $name.

// script makes a scenario of its text.
func script(text string) *Scenario {
	s := new(Scenario)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if err := s.line(line); err != nil {
			panic(fmt.Sprintf("line %d, %q: %v", i+1, line, err))
		}
	}
	return s
}

func (s *Scenario) line(line string) error {
	who, rest, _ := strings.Cut(line, " ")
	switch who {
	case "!":
		return s.deviation(rest)
	case "pool":
		return s.pool(rest)
	case "only":
		s.Only, s.Why, _ = strings.Cut(rest, " because ")
		return nil
	}
	verb, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	rest, err := cutError(strings.TrimSpace(rest))
	if types[verb] != nil {
		return s.declare(who, verb, rest)
	}
	s.socket(who)
	st := Step{Do: verb, Socket: who, Want: &Outcome{Err: err}}
	switch verb {
	case doBind, doUnbind, doConnect, doDisconnect:
		at, flags, _ := strings.Cut(rest, " ")
		flag, value, _ := strings.Cut(flags, " ")
		st.At = at
		switch flag {
		case "refused":
			st.Refused = true
		case "as":
			st.As = frame(value)
		case "ousts":
			st.Ousts = value
		}
	case doClose, doHangUp, doEOF:
	case "sub", "unsub":
		st.Do = verb + "scribe"
		st.Topic = frame(rest)
	case doAssign, doUnassign, doJoin, doLeave:
		st.Topic = frame(rest)
	case doTopics:
		n, nerr := strconv.Atoi(err)
		if nerr != nil {
			return nerr
		}
		st.Want = &Outcome{Counts: []int{n}}
	case "end":
		whom, id, _ := strings.Cut(rest, " ")
		st.Do, st.Ousts, st.Frames = doSend, whom, []string{id, ""}
	case doSend:
		st.Frames = message(rest)
	case doFill:
		accepted, aerr := strconv.Atoi(err)
		n, nerr := strconv.Atoi(rest)
		if aerr != nil || nerr != nil {
			return fmt.Errorf("want two numbers")
		}
		st.Count, st.Want = n, &Outcome{Counts: []int{accepted}}
	case doRecv, anyOrder:
		st.Do = doRecv
		if verb == anyOrder {
			st.Order = anyOrder
		}
		if rest != "" {
			st.Want.Got = messages(rest)
		}
		st.Count = max(1, len(st.Want.Got))
		if s.socket(who).Type == byteStream {
			st.Count = len(unlatin(st.Want.Got[0][0]))
		}
		st.Keep = kept(st.Want.Got)
	case "take":
		n, nerr := strconv.Atoi(rest)
		if nerr != nil {
			return nerr
		}
		st.Do, st.Count, st.Want = doRecv, n, &Outcome{Counts: []int{n}}
	case "none":
		st.Do = doDrain
	case "all":
		st.Do, st.Want.Got = doDrain, messages(rest)
	case newest:
		st.Do, st.Want.Got, st.Order = doDrain, messages(rest), newest
	default:
		return fmt.Errorf("unknown verb")
	}
	s.Steps = append(s.Steps, st)
	return nil
}

// kept is the names that frames of the first message are kept under, or nil.
func kept(got [][]string) (names []string) {
	if len(got) == 0 || !slices.ContainsFunc(got[0], func(f string) bool { return strings.HasPrefix(f, "$") }) {
		return nil
	}
	for _, f := range got[0] {
		name, ok := strings.CutPrefix(f, "$")
		if !ok {
			name = ""
		}
		names = append(names, name)
	}
	return names
}

func (s *Scenario) declare(name, typ, options string) error {
	so := Socket{Name: name, Type: typ, Options: map[string]any{}}
	for _, o := range strings.Fields(options) {
		k, v, ok := strings.Cut(o, "=")
		if !ok {
			return fmt.Errorf("option %q has no value", o)
		}
		if n, err := strconv.Atoi(v); err == nil {
			so.Options[k] = n
		} else {
			so.Options[k] = frame(v)
		}
	}
	s.Sockets = append(s.Sockets, so)
	return nil
}

func (s *Scenario) deviation(text string) error {
	text, why, ok := strings.Cut(text, " because ")
	if !ok {
		return fmt.Errorf("a deviation wants a reason")
	}
	d := &Deviation{Why: why}
	rest, err := cutError(text)
	d.Ours.Err = err
	if n, nerr := strconv.Atoi(err); nerr == nil {
		d.Ours = Outcome{Counts: []int{n}}
	}
	if rest != "" && rest != "ok" {
		d.Ours.Got = messages(rest)
	}
	s.Steps[len(s.Steps)-1].Differs = d
	return nil
}

func (s *Scenario) pool(text string) error {
	who, what, _ := strings.Cut(text, ":")
	st := Step{Do: doPool, Order: anyOrder, Want: &Outcome{Got: messages(what)}}
	for _, w := range strings.Fields(who) {
		name, n, _ := strings.Cut(w, "=")
		count, err := strconv.Atoi(n)
		if err != nil {
			return err
		}
		s.socket(name)
		st.Of, st.Want.Counts = append(st.Of, name), append(st.Want.Counts, count)
	}
	s.Steps = append(s.Steps, st)
	return nil
}

// cutError cuts "-> ERROR" from the end.
func cutError(text string) (rest, err string) {
	rest, err, _ = strings.Cut(text, "->")
	return strings.TrimSpace(rest), strings.TrimSpace(err)
}

func messages(text string) (list [][]string) {
	for _, m := range strings.Split(text, ";") {
		list = append(list, message(m))
	}
	return list
}

func message(text string) (frames []string) {
	for _, f := range strings.Split(text, "|") {
		frames = append(frames, frame(strings.TrimSpace(f)))
	}
	return frames
}

// frame reads a frame, whose bytes become the characters up to U+00FF.
func frame(text string) string {
	switch {
	case strings.HasPrefix(text, `"`):
		raw, err := strconv.Unquote(text)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", text, err))
		}
		return latin(raw)
	case strings.HasPrefix(text, "*"):
		n, err := strconv.Atoi(text[1:])
		if err != nil {
			panic(fmt.Sprintf("%s: %v", text, err))
		}
		return strings.Repeat("0123456789abcdef", n/16+1)[:n]
	case text == "":
		panic(`an empty frame is ""`)
	}
	return text
}

// latin makes a character of each byte, so that JSON can carry any.
func latin(bytes string) string {
	runes := make([]rune, len(bytes))
	for i := range len(bytes) {
		runes[i] = rune(bytes[i])
	}
	return string(runes)
}

// unlatin is the reverse.
func unlatin(text string) []byte {
	bytes := make([]byte, 0, len(text))
	for _, r := range text {
		bytes = append(bytes, byte(r))
	}
	return bytes
}
