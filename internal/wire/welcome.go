package wire

// NameWelcome is the name of the WELCOME command.
const NameWelcome = "WELCOME"

// Welcome is the command with which a PLAIN server accepts the credentials of
// [Hello]. CURVE has a WELCOME of its own.
//
//	welcome = command-size %d7 "WELCOME"
//
// https://rfc.zeromq.org/spec/24/#implementation
type Welcome struct{}

var errWelcomeTrailing = &malformed{NameWelcome, "bytes after the name"}

// Append appends the command as a frame.
func (w Welcome) Append(dst []byte) []byte { return AppendCommand(dst, NameWelcome, nil) }

// AppendBody appends the command without a frame header.
func (w Welcome) AppendBody(dst []byte) []byte { return AppendCommandName(dst, NameWelcome) }

// Decode returns an error unless data is empty.
func (w *Welcome) Decode(data []byte) error {
	if len(data) > 0 {
		return errWelcomeTrailing
	}
	return nil
}
