package wire

// MaxDatagram is the maximum size of a datagram that libzmq sends or receives
// (MAX_UDP_MSG in its source).
const MaxDatagram = 8192

// Datagram is a message that a RADIO sends to a DISH over UDP. Each message is
// one datagram. There is no greeting or handshake.
//
//	datagram = group-length group body
//	group-length = OCTET
//	group = 0*255OCTET
//	body = *OCTET
//
// No RFC specifies this format; it is that of libzmq.
type Datagram struct {
	Group, Body []byte
}

// Append appends the encoded datagram. The group must have at most 255 bytes.
func (d Datagram) Append(dst []byte) []byte {
	dst = append(dst, byte(len(d.Group)))
	dst = append(dst, d.Group...)
	return append(dst, d.Body...)
}

// Decode sets d to slices of a whole datagram. It returns an error if b is
// empty, longer than MaxDatagram, or too short for its group.
func (d *Datagram) Decode(b []byte) error {
	switch {
	case len(b) == 0:
		return &malformed{"datagram", "empty"}
	case len(b) > MaxDatagram:
		return &malformed{"datagram", "longer than 8192 bytes"}
	case len(b)-1 < int(b[0]):
		return &malformed{"datagram", "shorter than its group"}
	}
	end := 1 + int(b[0])
	d.Group, d.Body = b[1:end:end], b[end:]
	return nil
}
