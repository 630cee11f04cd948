package wire

// A command is one frame with FlagCommand and without FlagMore:
//
//	command-body = command-name command-data
//	command-name = short-size 1*255command-name-char
//	command-data = *OCTET
//
// https://rfc.zeromq.org/spec/37/#formal-grammar
//
// Every command is a struct in a file of its own, with the same methods:
// Append writes the whole frame, AppendBody the body alone for a mechanism or
// a transport that wraps it, Decode reads the data after the name.

// AppendCommandName appends a command's name behind its length. The name is 1
// to 255 letters. https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendCommandName(dst []byte, name string) []byte { return appendShort(dst, name) }

// AppendCommandBody appends a command's name and data, without a frame header.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendCommandBody(dst []byte, name string, data []byte) []byte {
	return append(AppendCommandName(dst, name), data...)
}

// AppendCommand appends a whole command frame. Its size counts the name, so
// that a command of 256 bytes is large although its data is shorter.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendCommand(dst []byte, name string, data []byte) []byte {
	dst = appendCommandHeader(dst, name, len(data))
	return AppendCommandBody(dst, name, data)
}

// appendCommandHeader appends the frame header of a command with that name and
// that much data.
func appendCommandHeader(dst []byte, name string, dataSize int) []byte {
	return AppendFrameHeader(dst, FlagCommand, 1+len(name)+dataSize)
}

// SplitCommand returns slices of body: a command's name and its data. It
// reports false when the body is empty, the name is empty, or the name is
// longer than the body. The characters of a name are not looked at: a command
// nobody knows is ignored anyway.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func SplitCommand(body []byte) (name, data []byte, ok bool) {
	name, data, ok = cutShort(body)
	if !ok || len(name) == 0 {
		return nil, nil, false
	}
	return name, data, true
}

// cutShort returns slices of b: the string behind a one-byte length, and what
// follows it.
func cutShort(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	end := 1 + int(b[0])
	return b[1:end:end], b[end:], true
}
