package wire

// NameInitiate is the name of the INITIATE command.
const NameInitiate = "INITIATE"

// Initiate is the command with which a PLAIN client answers [Welcome]. It
// contains the client's metadata. CURVE and GSSAPI have INITIATE commands of
// their own.
//
//	initiate = command-size %d8 "INITIATE" metadata
//
// https://rfc.zeromq.org/spec/24/#implementation
type Initiate struct {
	Metadata []byte // properties as encoded by AppendProperty
}

// Append appends the command as a frame.
func (i Initiate) Append(dst []byte) []byte { return AppendCommand(dst, NameInitiate, i.Metadata) }

// AppendBody appends the command without a frame header.
func (i Initiate) AppendBody(dst []byte) []byte {
	return AppendCommandBody(dst, NameInitiate, i.Metadata)
}

// Decode sets i to slices of data. It returns an error unless data consists
// exactly of well-formed properties. It does not check their names, values or
// number.
func (i *Initiate) Decode(data []byte) error {
	if err := checkProperties(NameInitiate, data); err != nil {
		return err
	}
	i.Metadata = data
	return nil
}
