package wire

import "bytes"

// NameJoin is the name of the JOIN command.
const NameJoin = "JOIN"

// maxGroup is the maximum length of a group name.
const maxGroup = 255

// Join is the command with which a DISH joins a group of a RADIO.
//
//	join = command-size %d4 "JOIN" group
//	group = 0*255group-char
//	group-char = %d1-255
//
// https://rfc.zeromq.org/spec/37/#the-radio-dish-pattern
type Join struct {
	Group []byte
}

// Append appends the command as a frame.
func (j Join) Append(dst []byte) []byte { return AppendCommand(dst, NameJoin, j.Group) }

// AppendBody appends the command without a frame header.
func (j Join) AppendBody(dst []byte) []byte { return AppendCommandBody(dst, NameJoin, j.Group) }

// Decode sets j to slices of data. It returns an error if the group is longer
// than 255 bytes or contains a NUL.
func (j *Join) Decode(data []byte) error {
	if err := checkGroup(NameJoin, data); err != nil {
		return err
	}
	j.Group = data
	return nil
}

func checkGroup(command string, group []byte) error {
	switch {
	case len(group) > maxGroup:
		return &malformed{command, "group is longer than 255 bytes"}
	case bytes.IndexByte(group, 0) >= 0:
		return &malformed{command, "group holds a NUL"}
	}
	return nil
}
