package diff

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A script is the text form of a handwritten scenario. Each line declares a
// socket, or is a step with its required result at libzmq:
//
//	a PUSH sndhwm=2                 declares socket a with options; a value is a number or a frame
//	a PUSH curve=client             sets the options of a role over CURVE; also server, unknown, wrong
//	a PUSH plain=client             the same over PLAIN; also server, wrong
//	zap 400                         a ZAP handler answers every request with this status
//	zap known                       a ZAP handler accepts the known clients of CURVE and PLAIN, and refuses others
//	a bind x                        also unbind, connect, disconnect
//	a connect x as id               sets ZMQ_CONNECT_ROUTING_ID first
//	a connect x refused             the peer refuses the connection
//	a connect x disconnects b       the peer disconnects b
//	a close
//	a sub topic                     subscribes; also unsub, join, leave
//	a event ready                   blocks for the end of the next handshake; also "auth 400", "protocol 0x11000001", "failed"
//	a topics -> 2                   ZMQ_TOPICS_COUNT is 2
//	a assign topic                  XPUB_MANUAL: subscribes the peer of the last received subscription; also unassign
//	a send one | two                sends a message of two frames; at a RADIO or SERVER the first is the group or routing number
//	a send one -> EAGAIN            the send fails with EAGAIN
//	b recv one | two                blocks for this message
//	b recv one ; two                blocks for two messages, in this order
//	b recv $id | x                  stores the first frame, which may have any value, under the name id
//	a send $id | x                  sends the stored frame
//	b any one ; two                 blocks for two messages, in any order
//	b take 3                        blocks for three messages
//	b none                          receives no message after pending work is done
//	b none -> EFSM                  the receive fails with EFSM
//	b all one ; two                 receives exactly these messages after pending work is done
//	b newest two                    the same, but compares only the last message
//	a fill 100 -> 4                 of 100 numbered messages, 4 are sent before a send would block
//	pool b=2 c=1 : one ; two ; one  b and c receive these messages in total, 2 and 1 of them
//	a end b $id                     STREAM: sends an empty message, which closes the connection to b
//	t TCP                           declares a plain connection; its messages have one frame
//	t hangup                        closes the connection; close also closes the listener
//	t eof                           the peer has closed the connection
//	f proxy b capture=c control=k   forwards between f and b until the proxy is terminated or the scenario ends; only f and b are required
//	f proxyend                      waits until the proxy of f has ended
//	u stats 1 3 0 0 0 0 1 3         blocks for the reply to STATISTICS
//	only 4.3.5 because why          only this version of libzmq runs the scenario
//	! -> EHOSTUNREACH because why   this library intentionally has another result in the previous step
//
// Scenarios that use the draft API run only on the libzmq that has it.
//
// A libzmq socket processes the end of a connection when it tries to receive
// after the last message of that connection. Some scripts therefore contain
// "none" steps.
//
// A frame is a word, a quoted Go string, *N for N bytes, or $name.

// script parses a script.
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
	name, rest, _ := strings.Cut(line, " ")
	switch name {
	case "!":
		return s.deviation(rest)
	case "pool":
		return s.pool(rest)
	case "zap":
		s.ZAP = newPolicy(rest)
		return nil
	case "only":
		s.Only, s.Why, _ = strings.Cut(rest, " because ")
		return nil
	}
	verb, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	rest, err := cutError(strings.TrimSpace(rest))
	if types[verb] != nil {
		return s.declare(name, verb, rest)
	}
	s.socket(name)
	st := Step{Do: verb, Socket: name, Want: &Outcome{Err: err}}
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
		case "disconnects":
			st.Disconnects = value
		}
	case doEvent:
		st.Want.Got = [][]string{{rest}}
	case doClose, doHangUp, doEOF, doProxyEnd:
	case doProxy:
		st.Of = make([]string, 3)
		for i, w := range strings.Fields(rest) {
			role, name, named := strings.Cut(w, "=")
			switch {
			case i == 0:
				st.Of[0] = w
			case named && role == "capture":
				st.Of[1] = name
			case named && role == "control":
				st.Of[2] = name
			default:
				return fmt.Errorf("unknown role %q", w)
			}
		}
	case "stats":
		frames, err := statistics(rest)
		if err != nil {
			return err
		}
		st.Do, st.Count, st.Want.Got = doRecv, 1, [][]string{frames}
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
		target, id, _ := strings.Cut(rest, " ")
		st.Do, st.Disconnects, st.Frames = doSend, target, []string{id, ""}
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
		if s.socket(name).Type == byteStream {
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

// statistics returns the frames of a reply to STATISTICS with the given numbers.
func statistics(numbers string) (frames []string, err error) {
	for _, w := range strings.Fields(numbers) {
		n, err := strconv.ParseUint(w, 10, 64)
		if err != nil {
			return nil, err
		}
		frames = append(frames, latin(string(binary.NativeEndian.AppendUint64(nil, n))))
	}
	return frames, nil
}

// kept returns the names under which to store frames of the first message, or
// nil.
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
		n, err := strconv.Atoi(v)
		switch {
		case k == "curve":
			so.curve(v)
		case k == "plain":
			so.plain(v)
		case err == nil:
			so.Options[k] = n
		default:
			so.Options[k] = frame(v)
		}
	}
	s.Sockets = append(s.Sockets, so)
	return nil
}

func (s *Scenario) deviation(text string) error {
	text, why, ok := strings.Cut(text, " because ")
	if !ok {
		return fmt.Errorf("a deviation needs a reason")
	}
	d := &Deviation{Why: why}
	rest, err := cutError(text)
	d.Ours.Err = err
	if n, nerr := strconv.Atoi(err); nerr == nil {
		d.Ours = Outcome{Counts: []int{n}}
	}
	if numbers, ok := strings.CutPrefix(rest, "stats "); ok {
		frames, err := statistics(numbers)
		if err != nil {
			return err
		}
		d.Ours.Got = [][]string{frames}
	} else if rest != "" && rest != "ok" {
		d.Ours.Got = messages(rest)
	}
	s.Steps[len(s.Steps)-1].Differs = d
	return nil
}

func (s *Scenario) pool(text string) error {
	counts, content, _ := strings.Cut(text, ":")
	st := Step{Do: doPool, Order: anyOrder, Want: &Outcome{Got: messages(content)}}
	for _, w := range strings.Fields(counts) {
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

// frame parses a frame. Each byte becomes a character up to U+00FF.
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

// latin converts each byte to a character, so that JSON can represent any
// bytes.
func latin(bytes string) string {
	runes := make([]rune, len(bytes))
	for i := range len(bytes) {
		runes[i] = rune(bytes[i])
	}
	return string(runes)
}

// unlatin is the inverse of latin.
func unlatin(text string) []byte {
	bytes := make([]byte, 0, len(text))
	for _, r := range text {
		bytes = append(bytes, byte(r))
	}
	return bytes
}
