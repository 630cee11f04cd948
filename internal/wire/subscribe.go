package wire

// NameSubscribe is the name of the SUBSCRIBE command.
const NameSubscribe = "SUBSCRIBE"

// Subscribe subscribes to the messages that start with a topic. A publisher
// older than ZMTP 3.1 gets [AppendLegacySubscribe] instead.
//
//	subscribe = command-size %d9 "SUBSCRIBE" subscription
//	subscription = *OCTET
//
// https://rfc.zeromq.org/spec/37/#the-publish-subscribe-pattern
type Subscribe struct {
	Topic []byte // empty: all messages
}

// Append appends the command as a frame.
func (s Subscribe) Append(dst []byte) []byte { return AppendCommand(dst, NameSubscribe, s.Topic) }

// AppendBody appends the command without a frame header.
func (s Subscribe) AppendBody(dst []byte) []byte {
	return AppendCommandBody(dst, NameSubscribe, s.Topic)
}

// Decode sets s to slices of data. It returns no error, because any bytes are a
// valid topic.
func (s *Subscribe) Decode(data []byte) error {
	s.Topic = data
	return nil
}
