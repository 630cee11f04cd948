package wire

// NameHello is the name of the HELLO command.
const NameHello = "HELLO"

// Hello is the first command of a PLAIN handshake. The client sends its
// credentials unencrypted. CURVE has a HELLO of its own.
//
//	hello = command-size %d5 "HELLO" username password
//	username = OCTET *VCHAR
//	password = OCTET *VCHAR
//
// https://rfc.zeromq.org/spec/24/#implementation
type Hello struct {
	Username []byte // at most 255 bytes; from a peer, any bytes
	Password []byte // at most 255 bytes; from a peer, any bytes
}

var (
	errHelloUsername = &malformed{NameHello, "username runs past the end"}
	errHelloPassword = &malformed{NameHello, "password runs past the end"}
	errHelloTrailing = &malformed{NameHello, "bytes after the password"}
)

// Append appends the command as a frame.
func (h Hello) Append(dst []byte) []byte {
	return h.AppendBody(appendCommandHeader(dst, NameHello, 2+len(h.Username)+len(h.Password)))
}

// AppendBody appends the command without a frame header.
func (h Hello) AppendBody(dst []byte) []byte {
	dst = appendShort(AppendCommandName(dst, NameHello), h.Username)
	return appendShort(dst, h.Password)
}

// Decode sets h to slices of data. It returns an error unless data consists
// exactly of both strings.
func (h *Hello) Decode(data []byte) error {
	username, rest, ok := cutShort(data)
	if !ok {
		return errHelloUsername
	}
	password, rest, ok := cutShort(rest)
	switch {
	case !ok:
		return errHelloPassword
	case len(rest) > 0:
		return errHelloTrailing
	}
	h.Username, h.Password = username, password
	return nil
}
