// Package lvc is a last value cache: a proxy between publishers and subscribers that keeps
// the last message of each topic, and sends the matching ones to a new subscriber first.
//
// It is for state that is published in pieces, such as prices or sensor values: a
// subscriber that connects late, or that has lost its connection, has the whole state at
// once, and not only the topics that change afterwards. Publishers and subscribers need no
// change; they may be sockets of any implementation of ZeroMQ.
//
//	p, err := lvc.New(nil)
//	_, err = p.Front().Bind("tcp://*:5557") // publishers connect here
//	_, err = p.Back().Bind("tcp://*:5558")  // subscribers connect here
//	err = p.Run(ctx)
//
// The topic of a message is its first frame, as a whole. A subscription to a prefix
// receives the last message of every topic that begins with it. See the chapter "Advanced
// Publish-Subscribe Patterns" of the ZeroMQ Guide, Last Value Caching, of which this is a
// generalisation from topics to prefixes.
//
// # Promise
//
// A subscriber receives the newest message of each cached topic that it subscribes to,
// and never an older message of a topic after a newer one. A subscriber whose queue is
// full is not disconnected and misses no topic: it receives messages from the cache until
// it has caught up, so that it misses only messages that a newer one of the same topic has
// superseded. The cache is in memory and begins empty.
//
// The connections between the publishers, the proxy and the subscribers are those of
// ZeroMQ: messages that are lost between a publisher and the proxy are not in the cache.
// Package seq, in comparison, delivers every message in order, and package clone
// synchronises a map that clients can change.
package lvc
