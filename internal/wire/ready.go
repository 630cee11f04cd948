package wire

// NameReady is the name of the READY command.
const NameReady = "READY"

// Ready contains the sender's metadata. In a NULL handshake both sides send it,
// in a PLAIN handshake the server sends it last. CURVE has a READY of its own,
// which is encrypted.
//
//	ready = command-size %d5 "READY" metadata
//
// https://rfc.zeromq.org/spec/37/#the-null-security-mechanism
type Ready struct {
	Metadata []byte // properties as encoded by AppendProperty
}

// Append appends the command as a frame.
func (r Ready) Append(dst []byte) []byte { return AppendCommand(dst, NameReady, r.Metadata) }

// AppendBody appends the command without a frame header.
func (r Ready) AppendBody(dst []byte) []byte { return AppendCommandBody(dst, NameReady, r.Metadata) }

// Decode sets r to slices of data. It returns an error unless data consists
// exactly of well-formed properties. It does not check their names, values or
// number.
func (r *Ready) Decode(data []byte) error {
	if err := checkProperties(NameReady, data); err != nil {
		return err
	}
	r.Metadata = data
	return nil
}
