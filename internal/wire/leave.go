package wire

// NameLeave is the name of the LEAVE command.
const NameLeave = "LEAVE"

// Leave is the command with which a DISH leaves a group that it joined with
// [Join].
//
//	leave = command-size %d5 "LEAVE" group
//
// https://rfc.zeromq.org/spec/37/#the-radio-dish-pattern
type Leave struct {
	Group []byte
}

// Append appends the command as a frame.
func (l Leave) Append(dst []byte) []byte { return AppendCommand(dst, NameLeave, l.Group) }

// AppendBody appends the command without a frame header.
func (l Leave) AppendBody(dst []byte) []byte { return AppendCommandBody(dst, NameLeave, l.Group) }

// Decode sets l to slices of data. It returns an error if the group is longer
// than 255 bytes or contains a NUL.
func (l *Leave) Decode(data []byte) error {
	if err := checkGroup(NameLeave, data); err != nil {
		return err
	}
	l.Group = data
	return nil
}
