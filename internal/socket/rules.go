package socket

import (
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/pipe"
)

// rules are the pattern of a socket, as the interfaces that it implements, and as
// the types of which each is the only one with certain methods. Each but pat is nil
// if the pattern is not that.
type rules struct {
	pat       pattern.Pattern
	sender    pattern.Sender             // nil also if the type does not send
	receiver  pattern.Receiver           // nil also if the type does not receive
	framer    pattern.FrameByFrameSender // sends frame by frame
	router    pattern.IDRouter           // sends to a routing ID
	numbers   *pattern.Server            // sends to a routing number
	groups    *pattern.Radio             // sends to a group
	requester *pattern.Req               // matches replies to requests
	raw       *pattern.Stream            // its peers are not sockets
	pub       pattern.Publisher          // its peers subscribe
	sub       pattern.Subscriber         // subscribes
	subParser *pattern.XSub              // finds subscriptions in the messages that are sent
	inspect   pattern.Inspector          // refuses some messages
	filter    pattern.Filter             // drops what is not subscribed to when it receives
	lockstep  pattern.Lockstep           // its two directions depend on each other
	notifier  pattern.Notifier           // queues notifications about peers
	prefetch  pattern.Prefetcher         // prepares for the messages of a batch

	// For the fast paths.
	balance *pattern.Balancer  // if sending is balancing and nothing else
	fair    *pattern.FairQueue // if receiving is fair queueing and nothing else
}

func newRules(info *pattern.Info, o *pattern.Options, drops *pipe.Drops) (r rules) {
	r.pat = info.New(o, drops)
	if info.Sends {
		r.sender, _ = r.pat.(pattern.Sender)
	}
	if info.Receives {
		r.receiver, _ = r.pat.(pattern.Receiver)
	}
	r.framer, _ = r.pat.(pattern.FrameByFrameSender)
	r.router, _ = r.pat.(pattern.IDRouter)
	r.numbers, _ = r.pat.(*pattern.Server)
	r.groups, _ = r.pat.(*pattern.Radio)
	r.requester, _ = r.pat.(*pattern.Req)
	r.raw, _ = r.pat.(*pattern.Stream)
	r.pub, _ = r.pat.(pattern.Publisher)
	r.sub, _ = r.pat.(pattern.Subscriber)
	r.subParser, _ = r.pat.(*pattern.XSub)
	r.inspect, _ = r.pat.(pattern.Inspector)
	r.filter, _ = r.pat.(pattern.Filter)
	r.lockstep, _ = r.pat.(pattern.Lockstep)
	r.notifier, _ = r.pat.(pattern.Notifier)
	r.prefetch, _ = r.pat.(pattern.Prefetcher)
	if b, ok := r.pat.(pattern.Balanced); ok {
		r.balance = b.Balance()
	}
	if f, ok := r.pat.(pattern.Fair); ok {
		r.fair = f.Fair()
	}
	return r
}
