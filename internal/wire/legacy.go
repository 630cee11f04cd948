package wire

// First bytes of the data messages that were subscriptions before ZMTP 3.1.
const (
	legacyCancel    = 0
	legacySubscribe = 1
)

// AppendLegacySubscribe appends the frame that asks a ZMTP 2.0 or 3.0
// publisher for a topic: a data frame of 01 and the topic. For a frame of
// another kind (1.0, WebSocket, encrypted) see [AppendLegacySubscribeBody].
//
// libzmq's encoder chooses the short header by the topic alone, so that a
// topic of 255 bytes corrupts its stream; ours counts the first byte too.
// https://rfc.zeromq.org/spec/23/#the-publish-subscribe-pattern
func AppendLegacySubscribe(dst, topic []byte) []byte {
	return AppendLegacySubscribeBody(AppendFrameHeader(dst, 0, 1+len(topic)), topic)
}

// AppendLegacyCancel appends the frame that takes [AppendLegacySubscribe]
// back: a data frame of 00 and the topic.
// https://rfc.zeromq.org/spec/23/#the-publish-subscribe-pattern
func AppendLegacyCancel(dst, topic []byte) []byte {
	return AppendLegacyCancelBody(AppendFrameHeader(dst, 0, 1+len(topic)), topic)
}

// AppendLegacySubscribeBody appends the body of [AppendLegacySubscribe],
// 1+len(topic) bytes, for a frame whose header is not ZMTP 2.0's.
func AppendLegacySubscribeBody(dst, topic []byte) []byte {
	return append(append(dst, legacySubscribe), topic...)
}

// AppendLegacyCancelBody appends the body of [AppendLegacyCancel],
// 1+len(topic) bytes, for a frame whose header is not ZMTP 2.0's.
func AppendLegacyCancelBody(dst, topic []byte) []byte {
	return append(append(dst, legacyCancel), topic...)
}

// SplitLegacySubscription returns a slice of a data frame's body, the topic,
// and whether it is subscribed to or cancelled. It reports ok false for a body
// that is no subscription. Peers of any version may send this form.
// https://rfc.zeromq.org/spec/23/#the-publish-subscribe-pattern
func SplitLegacySubscription(body []byte) (topic []byte, subscribe, ok bool) {
	if len(body) == 0 || body[0] > legacySubscribe {
		return nil, false, false
	}
	return body[1:], body[0] == legacySubscribe, true
}
