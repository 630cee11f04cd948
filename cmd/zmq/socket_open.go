package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zerobroker/zmq"
)

// openSocket makes a socket of a type that connects, by its name in lower case.
// A SUB is subscribed to all topics.
func openSocket(name string, o *zmq.Options) (zmq.Connector, error) {
	open, ok := openers[name]
	if !ok {
		return zmq.Connector{}, unknownType(name)
	}
	return open(o)
}

// openers make sockets. REQ and REP alternate between sending and receiving, and
// SERVER and PEER need routing numbers, so that a command that forwards does not
// use them.
var openers = map[string]func(*zmq.Options) (zmq.Connector, error){
	"pair":    opener(zmq.NewPair, func(s *zmq.Pair) zmq.Connector { return s.Connector }),
	"pub":     opener(zmq.NewPub, func(s *zmq.Pub) zmq.Connector { return s.Connector }),
	"sub":     openSub,
	"req":     opener(zmq.NewReq, func(s *zmq.Req) zmq.Connector { return s.Connector }),
	"rep":     opener(zmq.NewRep, func(s *zmq.Rep) zmq.Connector { return s.Connector }),
	"dealer":  opener(zmq.NewDealer, func(s *zmq.Dealer) zmq.Connector { return s.Connector }),
	"router":  opener(zmq.NewRouter, func(s *zmq.Router) zmq.Connector { return s.Connector }),
	"pull":    opener(zmq.NewPull, func(s *zmq.Pull) zmq.Connector { return s.Connector }),
	"push":    opener(zmq.NewPush, func(s *zmq.Push) zmq.Connector { return s.Connector }),
	"xpub":    opener(zmq.NewXPub, func(s *zmq.XPub) zmq.Connector { return s.Connector }),
	"xsub":    opener(zmq.NewXSub, func(s *zmq.XSub) zmq.Connector { return s.Connector }),
	"server":  opener(zmq.NewServer, func(s *zmq.Server) zmq.Connector { return s.Connector }),
	"client":  opener(zmq.NewClient, func(s *zmq.Client) zmq.Connector { return s.Connector }),
	"peer":    opener(zmq.NewPeer, func(s *zmq.Peer) zmq.Connector { return s.Connector }),
	"radio":   opener(zmq.NewRadio, func(s *zmq.Radio) zmq.Connector { return s.Connector }),
	"dish":    opener(zmq.NewDish, func(s *zmq.Dish) zmq.Connector { return s.Connector }),
	"scatter": opener(zmq.NewScatter, func(s *zmq.Scatter) zmq.Connector { return s.Connector }),
	"gather":  opener(zmq.NewGather, func(s *zmq.Gather) zmq.Connector { return s.Connector }),
	"channel": opener(zmq.NewChannel, func(s *zmq.Channel) zmq.Connector { return s.Connector }),
}

// opener returns a function that makes a socket with open, and returns its
// Connector.
func opener[S any](open func(*zmq.Options) (*S, error), connector func(*S) zmq.Connector) func(*zmq.Options) (zmq.Connector, error) {
	return func(o *zmq.Options) (zmq.Connector, error) {
		s, err := open(o)
		if err != nil {
			return zmq.Connector{}, err
		}
		return connector(s), nil
	}
}

// openSub makes a SUB that is subscribed to all topics.
func openSub(o *zmq.Options) (zmq.Connector, error) {
	s, err := zmq.NewSub(o)
	if err != nil {
		return zmq.Connector{}, err
	}
	return s.Connector, s.Subscribe("")
}

// noTopic is a topic to which no message is published.
const noTopic = "\x00zmq"

// openQuiet is like openSocket, but a SUB is subscribed to noTopic, so that it
// receives no message.
func openQuiet(name string, o *zmq.Options) (zmq.Connector, error) {
	s, err := openSocket(name, o)
	if err != nil || name != "sub" {
		return s, err
	}
	sub := zmq.Subscriber{Receiver: zmq.Receiver{Connector: s}}
	return s, errors.Join(sub.Unsubscribe(""), sub.Subscribe(noTopic))
}

// unknownType is the error for a name that is no socket type.
func unknownType(name string) error {
	names := make([]string, 0, len(openers))
	for n := range openers {
		names = append(names, n)
	}
	slices.Sort(names)
	if near := nearest(name, names); near != "" {
		return usagef("unknown socket type %.40q, did you mean %q?", name, near)
	}
	return usagef("unknown socket type %.40q, the types are %s", name, strings.Join(names, ", "))
}

// sideFlag is the value of a flag that names a socket and an endpoint:
// TYPE:ENDPOINT or TYPE:@ENDPOINT to bind, TYPE:>ENDPOINT to connect.
type sideFlag struct {
	kind     string // socket type, in lower case
	connect  bool
	endpoint string
}

// parseSide parses the value of a flag.
func parseSide(flag, value string) (sideFlag, error) {
	kind, ep, ok := strings.Cut(value, ":")
	s := sideFlag{kind: strings.ToLower(kind), endpoint: ep}
	if kind == "tcp" || kind == "ipc" || kind == "tls+tcp" || !ok {
		return s, usagef("%s %s: give a socket type and an endpoint, such as router:tcp://127.0.0.1:5555", flag, value)
	}
	if _, known := openers[s.kind]; !known {
		return s, flagError(flag, unknownType(kind))
	}
	if s.connect = strings.HasPrefix(ep, ">"); s.connect || strings.HasPrefix(ep, "@") {
		s.endpoint = ep[1:]
	}
	if strings.HasPrefix(s.endpoint, "inproc://") {
		return s, usagef("%s: inproc connects sockets of one process, and this process has no other; use ipc", flag)
	}
	if s.endpoint == "" {
		return s, usagef("%s %s: the endpoint is empty", flag, value)
	}
	return s, nil
}

// parseSides parses the values of a flag, which must have the same type.
func parseSides(flag string, values []string) (kind string, bind, connect []string, err error) {
	for _, v := range values {
		s, err := parseSide(flag, v)
		switch {
		case err != nil:
			return "", nil, nil, err
		case kind != "" && s.kind != kind:
			return "", nil, nil, usagef("%s: %s and %s: all endpoints of a side belong to one socket", flag, kind, s.kind)
		case s.connect:
			connect = append(connect, s.endpoint)
		default:
			bind = append(bind, s.endpoint)
		}
		kind = s.kind
	}
	if kind == "" {
		return "", nil, nil, fmt.Errorf("%s is missing", flag)
	}
	return kind, bind, connect, nil
}
