package wire

// A command is one frame with FlagCommand and without FlagMore:
//
//	command-body = command-name command-data
//	command-name = short-size 1*255command-name-char
//	command-data = *OCTET
//
// https://rfc.zeromq.org/spec/37/#formal-grammar
//
// Every command is a struct in a file of its own with three methods. Append
// appends the whole frame. AppendBody appends only the body, for a mechanism or
// transport that adds a header of its own. Decode reads the data after the
// name.

// AppendCommandName appends the length of a command's name and the name, which
// has 1 to 255 letters. https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendCommandName(dst []byte, name string) []byte { return appendShort(dst, name) }

// AppendCommandBody appends a command's name and data, without a frame header.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendCommandBody(dst []byte, name string, data []byte) []byte {
	return append(AppendCommandName(dst, name), data...)
}

// AppendCommand appends a whole command frame. The size in its header includes
// the name, so a command may need a large header although its data alone is
// shorter than 256 bytes.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func AppendCommand(dst []byte, name string, data []byte) []byte {
	dst = appendCommandHeader(dst, name, len(data))
	return AppendCommandBody(dst, name, data)
}

// appendCommandHeader appends the frame header of a command with a name and
// dataSize bytes of data.
func appendCommandHeader(dst []byte, name string, dataSize int) []byte {
	return AppendFrameHeader(dst, FlagCommand, 1+len(name)+dataSize)
}

// SplitCommand returns slices of body: a command's name and its data. ok is
// false if the body is empty, the name is empty, or the name is longer than the
// body. SplitCommand does not check the characters of the name, because callers
// ignore unknown commands anyway.
// https://rfc.zeromq.org/spec/37/#formal-grammar
func SplitCommand(body []byte) (name, data []byte, ok bool) {
	name, data, ok = cutShort(body)
	if !ok || len(name) == 0 {
		return nil, nil, false
	}
	return name, data, true
}

// cutShort returns slices of b: a string that follows its one-byte length, and
// the bytes after the string.
func cutShort(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	end := 1 + int(b[0])
	return b[1:end:end], b[end:], true
}
