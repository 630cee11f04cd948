package pattern

// Push implements PUSH: it sends to its peers in turn and receives nothing.
// https://rfc.zeromq.org/spec/30/#the-push-socket-type
// Rules in docs/CONFORMANCE.md: push, push-*.
type Push struct {
	base
	balancedSender
}
