package mdp

import (
	"errors"

	"github.com/zerobroker/zmq"
)

// Version is a version of the protocol.
type Version uint8

// The versions of the protocol.
const (
	V01 Version = iota + 1 // MDP/0.1, https://rfc.zeromq.org/spec/7/
	V02                    // MDP/0.2, https://rfc.zeromq.org/spec/18/
)

// String returns the name of the version, such as "MDP/0.2", or "unknown".
func (v Version) String() string {
	switch v {
	case V01:
		return "MDP/0.1"
	case V02:
		return "MDP/0.2"
	}
	return "unknown"
}

// command is the meaning of a message.
type command uint8

const (
	cmdReady command = iota + 1
	cmdRequest
	cmdPartial
	cmdFinal // REPLY in 0.1
	cmdHeartbeat
	cmdDisconnect
)

// The headers of messages between client and broker, and between worker and broker.
var (
	headerC01 = []byte("MDPC01")
	headerC02 = []byte("MDPC02")
	headerW01 = []byte("MDPW01")
	headerW02 = []byte("MDPW02")
)

var empty = []byte{}

// clientCodes02 and workerCodes are the bytes of commands. In 0.1 clients have no such byte.
var (
	clientCodes02 = [...][]byte{cmdRequest: {1}, cmdPartial: {2}, cmdFinal: {3}}
	workerCodes01 = [...][]byte{cmdReady: {1}, cmdRequest: {2}, cmdFinal: {3}, cmdHeartbeat: {4}, cmdDisconnect: {5}}
	workerCodes02 = [...][]byte{cmdReady: {1}, cmdRequest: {2}, cmdPartial: {3}, cmdFinal: {4}, cmdHeartbeat: {5}, cmdDisconnect: {6}}
)

const (
	maxServiceName      = 255
	maxEnvelope         = 4   // frames
	maxEnvelopeSize     = 512 // bytes
	extraFrames         = 8   // what the broker adds to the frames of a message at most
	extraSize           = 2048
	propertyEnvelope    = "X-MDP-Envelope"
	propertyConcurrency = "X-MDP-Concurrency"
)

// packet is a decoded message. Its slices are those of the message.
type packet struct {
	worker   bool // MDP/Worker; otherwise MDP/Client
	version  Version
	cmd      command
	envelope int    // number of frames before the header, with the empty one
	service  []byte // of READY, and of all commands of clients
	address  []byte // of the client, in REQUEST, PARTIAL and FINAL of workers
	body     int    // index of the first frame of the body, 0 if the command has none
}

// errMalformed is the error of a message that is not MDP.
var errMalformed = errors.New("malformed message")

// decode decodes a message as a DEALER or ROUTER receives it.
func decode(m zmq.Message) (packet, error) {
	p, ok := decodeHeader(m)
	if !ok {
		return packet{}, errMalformed
	}
	next := p.envelope + 1
	if p.worker {
		ok = p.decodeWorker(m, next)
	} else {
		ok = p.decodeClient(m, next)
	}
	if !ok {
		return packet{}, errMalformed
	}
	return p, nil
}

// decodeHeader finds the header: the first frame in 0.2, or the one after an empty frame.
func decodeHeader(m zmq.Message) (p packet, ok bool) {
	switch string(m.Frame(0)) {
	case "MDPC02":
		return packet{version: V02}, true
	case "MDPW02":
		return packet{version: V02, worker: true}, true
	}
	size := 0
	for i := range min(m.NumFrames()-1, maxEnvelope+1) {
		if size += len(m.Frame(i)); size > maxEnvelopeSize {
			return p, false
		}
		if len(m.Frame(i)) > 0 {
			continue
		}
		p.envelope = i + 1
		switch string(m.Frame(i + 1)) {
		case "MDPC01":
			p.version = V01
		case "MDPC02":
			p.version = V02
		case "MDPW01":
			p.version, p.worker = V01, true
			return p, i == 0
		default:
			return p, false
		}
		return p, true
	}
	return p, false
}

// decodeClient decodes the frames after the header of MDP/Client.
func (p *packet) decodeClient(m zmq.Message, next int) bool {
	p.cmd = cmdRequest // in 0.1 the direction says whether it is a request or a reply
	if p.version == V02 {
		if next >= m.NumFrames() {
			return false
		}
		if p.cmd = findCode(clientCodes02[:], m.Frame(next)); p.cmd == 0 {
			return false
		}
		next++
	}
	if m.NumFrames() < next+2 {
		return false
	}
	p.service, p.body = m.Frame(next), next+1
	return true
}

// decodeWorker decodes the frames after the header of MDP/Worker.
func (p *packet) decodeWorker(m zmq.Message, next int) bool {
	if next >= m.NumFrames() {
		return false
	}
	codes := workerCodes02[:]
	if p.version == V01 {
		codes = workerCodes01[:]
	}
	p.cmd = findCode(codes, m.Frame(next))
	next++
	rest := m.NumFrames() - next
	switch p.cmd {
	case cmdReady:
		if rest == 1 {
			p.service = m.Frame(next)
		}
		return rest == 1
	case cmdHeartbeat, cmdDisconnect:
		return rest == 0
	case cmdRequest, cmdPartial, cmdFinal:
		if rest < 3 || len(m.Frame(next)) == 0 || len(m.Frame(next+1)) != 0 {
			return false
		}
		p.address, p.body = m.Frame(next), next+2
		return true
	}
	return false
}

// findCode returns the command with a code, or 0.
func findCode(codes [][]byte, code []byte) command {
	if len(code) == 1 {
		for cmd, c := range codes {
			if len(c) == 1 && c[0] == code[0] {
				return command(cmd)
			}
		}
	}
	return 0
}

// validService reports whether name is a printable string of a length that the broker
// accepts.
func validService(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return len(name) > 0 && len(name) <= maxServiceName
}

// builder makes messages. Their frames are in memory that reset makes available again, when
// the messages are sent.
type builder struct {
	all    [][]byte // the frames of all messages since reset
	frames [][]byte // those of the current message, with the capacity for further ones
	bytes  []byte   // capacity for small frames
}

const (
	builderFrames    = 512
	maxBuilderFrames = 16 << 10 // above it reset frees the memory
	builderBytes     = 4096
)

// reset makes the memory of the frames available again. No message may be in use.
func (b *builder) reset() {
	if len(b.all) > maxBuilderFrames {
		b.all = nil
	} else {
		clear(b.all[:len(b.all)-cap(b.frames)+len(b.frames)])
	}
	b.frames = b.all[:0]
}

// begin starts a message. n is not less than the number of its frames.
func (b *builder) begin(n int) {
	if cap(b.frames)-len(b.frames) < n {
		b.all = make([][]byte, max(2*len(b.all), builderFrames, n))
		b.frames = b.all[:0]
	}
	b.frames = b.frames[len(b.frames):]
}

// add appends frames.
func (b *builder) add(frames ...[]byte) { b.frames = append(b.frames, frames...) }

// addFrom appends the frames of m from index from up to index to.
func (b *builder) addFrom(m zmq.Message, from, to int) {
	for i := from; i < to; i++ {
		b.frames = append(b.frames, m.Frame(i))
	}
}

// end returns the message.
func (b *builder) end() zmq.Message {
	n := len(b.frames)
	return zmq.NewMessage(b.frames[:n:n]...)
}

// grow returns an empty slice with a capacity of n bytes.
func (b *builder) grow(n int) []byte {
	if cap(b.bytes)-len(b.bytes) < n {
		b.bytes = make([]byte, 0, max(builderBytes, n))
	}
	l := len(b.bytes)
	b.bytes = b.bytes[:l+n]
	return b.bytes[l : l : l+n]
}

// workerHeader appends the frames up to the command of MDP/Worker.
func (b *builder) workerHeader(v Version, cmd command) {
	if v == V01 {
		b.add(empty, headerW01, workerCodes01[cmd])
		return
	}
	b.add(headerW02, workerCodes02[cmd])
}

// workerCommand returns a command of MDP/Worker without a body.
func (b *builder) workerCommand(v Version, cmd command, rest ...[]byte) zmq.Message {
	b.begin(3 + len(rest))
	b.workerHeader(v, cmd)
	b.add(rest...)
	return b.end()
}

// clientHeader appends the frames of MDP/Client up to the name of the service. In 0.1 the
// envelope, which ends with an empty frame, precedes them.
func (b *builder) clientHeader(v Version, cmd command, service []byte) {
	if v == V01 {
		b.add(headerC01, service)
		return
	}
	b.add(headerC02, clientCodes02[cmd], service)
}
