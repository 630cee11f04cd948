package wire

// NameInitiate is the name of the INITIATE command.
const NameInitiate = "INITIATE"

// Initiate is the PLAIN client's metadata, sent once it was made welcome.
// CURVE and GSSAPI have INITIATE commands of their own.
//
//	initiate = command-size %d8 "INITIATE" metadata
//
// https://rfc.zeromq.org/spec/24/#implementation
type Initiate struct {
	Metadata []byte // properties, as AppendProperty writes them
}

// Append appends the command as a frame.
func (i Initiate) Append(dst []byte) []byte { return AppendCommand(dst, NameInitiate, i.Metadata) }

// AppendBody appends the command without a frame header.
func (i Initiate) AppendBody(dst []byte) []byte {
	return AppendCommandBody(dst, NameInitiate, i.Metadata)
}

// Decode sets i to slices of data. It fails unless the properties fill data
// exactly; which ones they are, and how many, it does not look at.
func (i *Initiate) Decode(data []byte) error {
	if err := checkProperties(NameInitiate, data); err != nil {
		return err
	}
	i.Metadata = data
	return nil
}
