package wire

// NameReady is the name of the READY command.
const NameReady = "READY"

// Ready ends a NULL handshake, and the server's side of a PLAIN one: the
// sender's metadata. CURVE has a READY of its own, inside a box.
//
//	ready = command-size %d5 "READY" metadata
//
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
type Ready struct {
	Metadata []byte // properties, as AppendProperty writes them
}

// Append appends the command as a frame.
func (r Ready) Append(dst []byte) []byte { return AppendCommand(dst, NameReady, r.Metadata) }

// AppendBody appends the command without a frame header.
func (r Ready) AppendBody(dst []byte) []byte { return AppendCommandBody(dst, NameReady, r.Metadata) }

// Decode sets r to slices of data. It fails unless the properties fill data
// exactly; which ones they are, and how many, it does not look at.
func (r *Ready) Decode(data []byte) error {
	if err := checkProperties(NameReady, data); err != nil {
		return err
	}
	r.Metadata = data
	return nil
}
