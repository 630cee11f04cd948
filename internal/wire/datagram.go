package wire

// MaxDatagram is the longest datagram that libzmq sends, and all it reads of
// one. [MAX_UDP_MSG]
const MaxDatagram = 8192

// Datagram is a message of a RADIO to a DISH over UDP, one to a datagram, with
// no greeting before it.
//
//	datagram = group-length group body
//	group-length = OCTET
//	group = 0*255OCTET
//	body = *OCTET
//
// There is no RFC; this is what libzmq has.
type Datagram struct {
	Group, Body []byte
}

// Append appends the datagram. The group has at most 255 bytes.
func (d Datagram) Append(dst []byte) []byte {
	dst = append(dst, byte(len(d.Group)))
	dst = append(dst, d.Group...)
	return append(dst, d.Body...)
}

// Decode sets d to slices of a whole datagram. It fails on one that is longer
// than MaxDatagram, or too short for its group.
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
