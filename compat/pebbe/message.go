package zmq4

import (
	"fmt"
	"strings"

	"github.com/zerobroker/zmq/internal/msg"
)

// SendMessage sends a message and returns the number of its bytes. Each argument is
// one part; a []string or [][]byte is as many parts as it has elements. Values of other
// types than string and []byte are formatted as by [fmt.Sprint]. Without a part nothing
// is sent. The errors are those of [Socket.Send], with -1; an error in the middle of a
// message leaves its first parts to the next call that sends.
func (soc *Socket) SendMessage(parts ...any) (total int, err error) {
	return soc.sendParts(0, parts)
}

// SendMessageDontwait is like [Socket.SendMessage] with the flag [DONTWAIT].
func (soc *Socket) SendMessageDontwait(parts ...any) (total int, err error) {
	return soc.sendParts(DONTWAIT, parts)
}

func (soc *Socket) sendParts(flags Flag, parts []any) (total int, err error) {
	list := flatten(parts)
	if len(list) == 0 {
		_, err := soc.open()
		return 0, err
	}
	for i, body := range list {
		f := flags
		if i < len(list)-1 {
			f |= SNDMORE
		}
		n, err := soc.send(body, f)
		if err != nil {
			return -1, err
		}
		total += n
	}
	return total, nil
}

// flatten returns copies of the parts of a message.
func flatten(parts []any) (list [][]byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			list = append(list, []byte(p))
		case []byte:
			list = append(list, append([]byte{}, p...))
		case []string:
			for _, s := range p {
				list = append(list, []byte(s))
			}
		case [][]byte:
			for _, b := range p {
				list = append(list, append([]byte{}, b...))
			}
		default:
			list = append(list, fmt.Appendf(nil, "%v", p))
		}
	}
	return list
}

// recvParts receives a message, or the rest of one, and calls f with each part.
func (soc *Socket) recvParts(flags Flag, f func(*msg.Frame)) error {
	for more := true; more; {
		var fr msg.Frame
		if err := soc.recv(&fr, flags); err != nil {
			return err
		}
		f(&fr)
		more = fr.More
	}
	return nil
}

// RecvMessage receives all parts of a message. The errors are those of [Socket.Recv];
// the result is then empty.
func (soc *Socket) RecvMessage(flags Flag) (parts []string, err error) {
	parts = []string{}
	err = soc.recvParts(flags, func(fr *msg.Frame) { parts = append(parts, string(fr.Body)) })
	if err != nil {
		return []string{}, err
	}
	return parts, nil
}

// RecvMessageBytes is like [Socket.RecvMessage]. The parts belong to the caller.
func (soc *Socket) RecvMessageBytes(flags Flag) (parts [][]byte, err error) {
	parts, _, err = soc.RecvMessageBytesWithMetadata(flags)
	return parts, err
}

// RecvMessageWithMetadata is like [Socket.RecvMessage], and returns properties of the
// message as [Socket.RecvWithMetadata] does.
func (soc *Socket) RecvMessageWithMetadata(flags Flag, properties ...string) (parts []string, metadata map[string]string, err error) {
	bodies, metadata, err := soc.RecvMessageBytesWithMetadata(flags, properties...)
	parts = make([]string, len(bodies))
	for i, b := range bodies {
		parts[i] = string(b)
	}
	return parts, metadata, err
}

// RecvMessageBytesWithMetadata is like [Socket.RecvMessageBytes], and returns properties
// of the message as [Socket.RecvBytesWithMetadata] does.
func (soc *Socket) RecvMessageBytesWithMetadata(flags Flag, properties ...string) (parts [][]byte, metadata map[string]string, err error) {
	var from *msg.Peer
	parts, metadata = [][]byte{}, make(map[string]string)
	err = soc.recvParts(flags, func(fr *msg.Frame) {
		from = fr.From
		parts = append(parts, copied(fr))
	})
	if err != nil {
		return [][]byte{}, metadata, err
	}
	for _, name := range properties {
		if value, ok := property(from, name); ok {
			metadata[name] = value
		}
	}
	return parts, metadata, nil
}

// property returns a property of the messages of a peer, as zmq_msg_gets does.
func property(p *msg.Peer, name string) (value string, ok bool) {
	if p == nil || p.Remote == nil { // of inproc
		return "", false
	}
	name = strings.ToLower(name)
	if value, ok := p.AuthProperties[name]; ok {
		return value, true
	}
	switch name {
	case "socket-type":
		return p.SocketType, p.SocketType != ""
	case "identity", "routing-id":
		switch {
		case p.SocketType != "REQ" && p.SocketType != "DEALER" && p.SocketType != "ROUTER":
			return "", false // other types do not announce it
		case strings.HasPrefix(p.RoutingID, "\x00"):
			return "", true // a ROUTER has assigned it
		}
		return p.RoutingID, true
	case "user-id":
		return p.UserID, p.UserID != ""
	case "peer-address":
		return p.Address, p.Address != ""
	}
	value, ok = p.Properties[name]
	return value, ok
}
