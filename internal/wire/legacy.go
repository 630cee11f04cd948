package wire

// Before ZMTP 3.1, subscriptions are messages that start with one of these
// bytes.
const (
	legacyCancel    = 0
	legacySubscribe = 1
)

// AppendLegacySubscribe appends the frame that subscribes to a topic at a ZMTP
// 2.0 or 3.0 publisher: a message frame of 01 and the topic. For frames with
// another header (ZMTP 1.0, WebSocket, encrypted) see
// [AppendLegacySubscribeBody].
//
// libzmq chooses the header by the size of the topic without the first byte, so
// a topic of 255 bytes corrupts its stream. This function counts the first
// byte.
// https://rfc.zeromq.org/spec/23/#the-publish-subscribe-pattern
func AppendLegacySubscribe(dst, topic []byte) []byte {
	return AppendLegacySubscribeBody(AppendFrameHeader(dst, 0, 1+len(topic)), topic)
}

// AppendLegacyCancel appends the frame that cancels a subscription of
// [AppendLegacySubscribe]: a message frame of 00 and the topic.
// https://rfc.zeromq.org/spec/23/#the-publish-subscribe-pattern
func AppendLegacyCancel(dst, topic []byte) []byte {
	return AppendLegacyCancelBody(AppendFrameHeader(dst, 0, 1+len(topic)), topic)
}

// AppendLegacySubscribeBody appends only the body of [AppendLegacySubscribe],
// 1+len(topic) bytes.
func AppendLegacySubscribeBody(dst, topic []byte) []byte {
	return append(append(dst, legacySubscribe), topic...)
}

// AppendLegacyCancelBody appends only the body of [AppendLegacyCancel],
// 1+len(topic) bytes.
func AppendLegacyCancelBody(dst, topic []byte) []byte {
	return append(append(dst, legacyCancel), topic...)
}

// SplitLegacySubscription returns the topic, a slice of a message frame's body.
// subscribe is true for a subscription and false for a cancellation; ok is
// false if the body is neither. Peers of any version may send this form.
// https://rfc.zeromq.org/spec/23/#the-publish-subscribe-pattern
func SplitLegacySubscription(body []byte) (topic []byte, subscribe, ok bool) {
	if len(body) == 0 || body[0] > legacySubscribe {
		return nil, false, false
	}
	return body[1:], body[0] == legacySubscribe, true
}
