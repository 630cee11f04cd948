package wire

// NameCancel is the name of the CANCEL command.
const NameCancel = "CANCEL"

// Cancel takes one [Subscribe] of the same topic back. To publishers older
// than 3.1 it goes as [AppendLegacyCancel].
//
//	cancel = command-size %d6 "CANCEL" subscription
//
// https://rfc.zeromq.org/spec/37/#the-publish-subscribe-pattern
type Cancel struct {
	Topic []byte
}

// Append appends the command as a frame.
func (c Cancel) Append(dst []byte) []byte { return AppendCommand(dst, NameCancel, c.Topic) }

// AppendBody appends the command without a frame header.
func (c Cancel) AppendBody(dst []byte) []byte { return AppendCommandBody(dst, NameCancel, c.Topic) }

// Decode sets c to slices of data. It never fails: any bytes are a topic.
func (c *Cancel) Decode(data []byte) error {
	c.Topic = data
	return nil
}
