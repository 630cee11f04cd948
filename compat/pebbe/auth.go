package zmq4

import (
	"crypto/subtle"
	"encoding/binary"
	"log"
	"maps"
	"net"
	"sync"

	"github.com/zerobroker/zmq/zap"
)

// CURVE_ALLOW_ANY is the key with which [AuthCurveAdd] accepts every client.
const CURVE_ALLOW_ANY = "*"

// anyDomain is the domain whose rules apply to all domains.
const anyDomain = "*"

// addresses is a set of IP addresses and networks.
type addresses struct {
	single   map[string]bool
	networks []*net.IPNet
}

// metadataHandler is the type of the argument of [AuthSetMetadataHandler].
type metadataHandler = func(version, request_id, domain, address, identity, mechanism string, credentials ...string) (metadata map[string]string)

// auth is the ZAP handler of the default context, and its rules.
var auth = authenticator{
	allow: make(map[string]*addresses),
	deny:  make(map[string]*addresses),
	users: make(map[string]map[string]string),
	keys:  make(map[string]map[string]bool),
}

type authenticator struct {
	mu      sync.Mutex // guards the fields below
	handler *Socket    // a REP, nil if the handler does not run
	ended   chan struct{}
	verbose bool

	// The rules, by domain.
	allow, deny map[string]*addresses
	users       map[string]map[string]string // passwords
	keys        map[string]map[string]bool
	metadata    metadataHandler // or nil
}

// trace logs what the handler does, without passwords.
func (a *authenticator) trace(format string, args ...any) {
	a.mu.Lock()
	verbose := a.verbose
	a.mu.Unlock()
	if verbose {
		log.Printf("AUTH: "+format, args...)
	}
}

// AuthStart starts the authentication of peers in the default context. Until rules are
// added, it accepts all peers of the NULL mechanism and denies those of PLAIN and
// CURVE. The error says that it is running already, or is that of a handler of the
// program that is bound to inproc://zeromq.zap.01.
func AuthStart() (err error) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	if auth.handler != nil {
		return errAuthRunning
	}
	handler, err := NewSocket(REP)
	if err != nil {
		return err
	}
	if err := handler.SetLinger(0); err != nil {
		handler.Close()
		return err
	}
	if err := handler.Bind(zap.Endpoint); err != nil {
		handler.Close()
		return err
	}
	auth.handler, auth.ended = handler, make(chan struct{})
	go auth.serve(handler, auth.ended)
	return nil
}

// AuthStop stops the authentication, and returns when the handler has ended. The rules
// are kept. It does nothing if the handler does not run.
func AuthStop() {
	auth.mu.Lock()
	handler, ended := auth.handler, auth.ended
	auth.handler = nil
	auth.mu.Unlock()
	if handler == nil {
		return
	}
	handler.Close()
	<-ended
	auth.trace("stopped")
}

// serve answers requests until the handler is closed or the context terminated.
func (a *authenticator) serve(handler *Socket, ended chan<- struct{}) {
	defer close(ended)
	defer handler.Close()
	for {
		frames, err := handler.RecvMessageBytes(0)
		if err != nil {
			a.trace("ended: %v", err)
			return
		}
		request, err := zap.ParseRequest(frames)
		reply := zap.Reply{Status: zap.StatusInternalError, Text: "malformed request"}
		if err == nil {
			reply = a.answer(&request)
		}
		if _, err := handler.SendMessage(request.Reply(reply)); err != nil {
			a.trace("ended: %v", err)
			return
		}
	}
}

// answer decides about a peer.
func (a *authenticator) answer(r *zap.Request) zap.Reply {
	if !a.accepts(r) {
		a.trace("DENIED mechanism=%s domain=%q address=%q", r.Mechanism, r.Domain, r.Address)
		return zap.Reply{Status: zap.StatusDenied, Text: "NO ACCESS"}
	}
	a.trace("ALLOWED mechanism=%s domain=%q address=%q", r.Mechanism, r.Domain, r.Address)
	a.mu.Lock()
	f := a.metadata
	a.mu.Unlock()
	reply := zap.Reply{Status: zap.StatusAccepted, Text: "OK"}
	if f == nil {
		return reply
	}
	credentials := make([]string, len(r.Credentials))
	for i, c := range r.Credentials {
		credentials[i] = string(c)
	}
	reply.Metadata = maps.Clone(f(zap.Version, r.ID, r.Domain, r.Address, string(r.RoutingID), r.Mechanism, credentials...))
	reply.UserID = reply.Metadata["User-Id"]
	delete(reply.Metadata, "User-Id")
	return reply
}

// accepts reports whether the rules accept a peer.
func (a *authenticator) accepts(r *zap.Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if matches(a.allow, r.Domain, func(s *addresses) bool { return !s.empty() }) {
		if !matches(a.allow, r.Domain, func(s *addresses) bool { return s.has(r.Address) }) {
			return false
		}
	} else if matches(a.deny, r.Domain, func(s *addresses) bool { return s.has(r.Address) }) {
		return false
	}
	switch r.Mechanism {
	case "NULL":
		return true
	case "PLAIN":
		return matches(a.users, r.Domain, func(users map[string]string) bool {
			password, known := users[r.Username()]
			return known && subtle.ConstantTimeCompare([]byte(password), []byte(r.Password())) == 1
		})
	case "CURVE":
		key, ok := r.PublicKey()
		return ok && matches(a.keys, r.Domain, func(keys map[string]bool) bool {
			return keys[CURVE_ALLOW_ANY] || keys[Z85encode(string(key[:]))]
		})
	}
	return false
}

// matches reports whether f is true for the rules of a domain or those of all domains.
func matches[R any](rules map[string]R, domain string, f func(R) bool) bool {
	for _, d := range []string{domain, anyDomain} {
		if r, ok := rules[d]; ok && f(r) {
			return true
		}
	}
	return false
}

func (s *addresses) empty() bool { return len(s.single) == 0 && len(s.networks) == 0 }

func (s *addresses) has(address string) bool {
	if s.single[address] {
		return true
	}
	ip := net.ParseIP(address)
	if ip == nil {
		return false
	}
	for _, n := range s.networks {
		if n.Contains(ip) {
			return true
		}
	}
	return s.single[ip.String()]
}

// isAddress reports whether a text is an IP address or a network.
func isAddress(text string) bool {
	_, _, err := net.ParseCIDR(text)
	return err == nil || net.ParseIP(text) != nil
}

// addAddresses adds addresses to the rules of a domain. A domain that is an address is
// one, of all domains.
func (a *authenticator) addAddresses(rules map[string]*addresses, domain string, list []string) {
	if isAddress(domain) {
		list = append([]string{domain}, list...)
		domain = anyDomain
	}
	var invalid []string
	a.mu.Lock()
	s := rules[domain]
	if s == nil {
		s = &addresses{single: make(map[string]bool)}
		rules[domain] = s
	}
	for _, text := range list {
		if _, network, err := net.ParseCIDR(text); err == nil {
			s.networks = append(s.networks, network)
		} else if ip := net.ParseIP(text); ip != nil {
			s.single[ip.String()] = true
		} else {
			invalid = append(invalid, text)
		}
	}
	a.mu.Unlock()
	for _, text := range invalid {
		log.Printf("AUTH: rule of domain %q ignored: %q is not an address or network", domain, text)
	}
}

// AuthAllow adds addresses to those that a domain accepts: IP addresses, or networks
// such as "10.0.0.0/8". A domain with such addresses denies all others. The domain "*"
// stands for all; a domain that is an address is one, of all domains. Peers of PLAIN
// and CURVE must pass their own rules too. A text that is not an address is logged
// and ignored.
func AuthAllow(domain string, addresses ...string) {
	auth.addAddresses(auth.allow, domain, addresses)
}

// AuthDeny adds addresses to those that a domain denies, in the form of [AuthAllow]. It
// has no effect on a domain for which AuthAllow was called.
func AuthDeny(domain string, addresses ...string) {
	auth.addAddresses(auth.deny, domain, addresses)
}

// AuthPlainAdd adds a user of PLAIN to a domain, "*" for all domains.
func AuthPlainAdd(domain, username, password string) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	if auth.users[domain] == nil {
		auth.users[domain] = make(map[string]string)
	}
	auth.users[domain][username] = password
}

// AuthPlainRemove removes users of PLAIN from a domain.
func AuthPlainRemove(domain string, usernames ...string) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	for _, u := range usernames {
		delete(auth.users[domain], u)
	}
}

// AuthPlainRemoveAll removes all users of PLAIN from a domain.
func AuthPlainRemoveAll(domain string) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	delete(auth.users, domain)
}

// AuthCurveAdd adds public keys of CURVE, as Z85 text, to a domain, "*" for all
// domains. The key [CURVE_ALLOW_ANY] accepts every client.
func AuthCurveAdd(domain string, pubkeys ...string) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	if auth.keys[domain] == nil {
		auth.keys[domain] = make(map[string]bool)
	}
	for _, k := range pubkeys {
		auth.keys[domain][k] = true
	}
}

// AuthCurveRemove removes public keys of CURVE from a domain.
func AuthCurveRemove(domain string, pubkeys ...string) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	for _, k := range pubkeys {
		delete(auth.keys[domain], k)
	}
}

// AuthCurveRemoveAll removes all public keys of CURVE from a domain.
func AuthCurveRemoveAll(domain string) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	delete(auth.keys, domain)
}

// AuthSetVerbose makes the handler log its decisions, with package log.
func AuthSetVerbose(verbose bool) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	auth.verbose = verbose
}

// AuthSetMetadataHandler sets the function that returns the properties of peers that
// are accepted, for [Socket.RecvWithMetadata]. "User-Id" is the user ID of the reply
// of ZAP. A property with an invalid name denies the peer. The function is called by
// one goroutine; nil is none.
func AuthSetMetadataHandler(
	handler func(
		version, request_id, domain, address, identity, mechanism string, credentials ...string) (metadata map[string]string)) {
	auth.mu.Lock()
	defer auth.mu.Unlock()
	auth.metadata = handler
}

// AuthMetaBlob encodes a property as in the metadata of a ZAP reply. The error is
// about a key of more than 255 bytes.
func AuthMetaBlob(key, value string) (blob []byte, err error) {
	if len(key) > 255 {
		return []byte{}, errKeyTooLong
	}
	blob = append([]byte{byte(len(key))}, key...)
	blob = binary.BigEndian.AppendUint32(blob, uint32(len(value)))
	return append(blob, value...), nil
}
