package wire

// NameCancel is the name of the CANCEL command.
const NameCancel = "CANCEL"

// Cancel removes one subscription that [Subscribe] of the same topic added. A
// publisher older than ZMTP 3.1 gets [AppendLegacyCancel] instead.
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

// Decode sets c to slices of data. It returns no error, because any bytes are a
// valid topic.
func (c *Cancel) Decode(data []byte) error {
	c.Topic = data
	return nil
}
