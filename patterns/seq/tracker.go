package seq

import (
	"bytes"
	"hash/maphash"
	"time"
)

// limits are the settings of a tracker.
type limits struct {
	maxPending, maxPendingBytes int
	timeout                     time.Duration // of a replay without progress
	attempts                    int           // replays without progress after which messages are lost
	probe                       time.Duration // 0 for none
	oldest                      bool          // begin with the oldest message that can be replayed
	canReplay                   bool          // the publisher has a replay endpoint
}

// phase is the state of a tracker.
type phase uint8

const (
	phaseUnknown    phase = iota // no message has been received; the next number is not known
	phaseLive                    // the next message is expected from the live stream
	phaseRecovering              // a replay was requested; messages of the live stream are pending
)

// arrival is a message from the live stream or from a replay.
type arrival struct {
	number     uint64
	payload    []byte
	conn       uint64 // generation of the connection that carried it
	generation string // that of the publisher, empty if it announces none
}

// request asks the owner of a tracker to send a replay request. With fresh, replies to an
// earlier request may still arrive: they must be discarded, as by a new connection.
type request struct {
	start uint64
	fresh bool
}

// recovery is the state of phaseRecovering.
type recovery struct {
	verify   bool // the message before next was requested too, to compare it with the one that was delivered
	oldest   bool // the first message that arrives is the first one; nothing before it is lost
	replied  bool // a reply to the last request has arrived
	broken   bool // the replies are not consecutive or come from another generation: request again
	attempts int  // requests without progress
	deadline time.Time
}

// result is what a tracker delivers: a message or an error.
type result struct {
	m   Message
	err error
}

// tracker follows the stream of one publisher: it puts messages in order, detects gaps and
// restarts, and requests replays. It has no socket, goroutine or clock. Its methods append
// to results and set want.
type tracker struct {
	limits
	name  string
	topic string

	phase      phase
	next       uint64 // number of the next message to deliver
	last       uint64 // number of the last message of the live stream
	heard      bool   // last is valid
	conn       uint64 // generation of the connection of the last live message
	generation string
	former     string // generation of the previous instance

	sum      uint64 // of the payload of message next-1
	summed   bool   // sum is valid
	replayed bool   // the replay endpoint has sent messages of this publisher

	pending      []arrival // live messages in the order of arrival, during a recovery
	pendingBytes int
	trusted      uint64 // generation of the connection that carried messages of the same instance as the delivered ones

	recovery  recovery
	streaming bool      // a request was sent whose last reply has not arrived
	quiet     time.Time // time of the next probe, in phaseLive

	results []result
	want    *request
	stats   trackerStats
}

// trackerStats are the counters of a tracker.
type trackerStats struct {
	delivered, recovered, duplicates, gaps, lost, restarts, requests, timeouts uint64
}

// sumSeed is the seed of tracker.sum.
var sumSeed = maphash.MakeSeed()

// begin starts a tracker. With oldest it requests all messages that can be replayed.
func (t *tracker) begin(now time.Time) {
	if t.oldest && t.canReplay {
		t.recovery = recovery{oldest: true}
		t.request(now)
	}
}

// live processes a message of the live stream.
func (t *tracker) live(now time.Time, in arrival) {
	if in.generation != "" && in.generation == t.former {
		t.stats.duplicates++
		return // a replay has shown before that this instance does not run any more
	}
	restarted := t.heard && in.number <= t.last || t.differs(in.generation)
	reconnected := t.heard && in.conn != t.conn && !restarted
	if restarted {
		t.restart(len(t.pending))
	}
	if restarted || !t.heard {
		t.trusted = in.conn
	}
	t.last, t.heard, t.conn = in.number, true, in.conn
	t.quiet = now.Add(t.probe)
	if in.generation != "" {
		t.generation = in.generation
	}
	switch {
	case t.phase == phaseUnknown:
		t.first(now, in)
	case t.phase == phaseRecovering && reconnected && t.verifiable():
		t.recovery.attempts = 0
		t.request(now) // a reply to the last request may have come from the previous instance
		t.hold(now, in)
	case t.phase == phaseRecovering:
		t.hold(now, in)
	case reconnected && t.verifiable():
		t.recovery = recovery{}
		t.request(now)
		t.hold(now, in)
	case in.number == t.next:
		t.deliver(in, false)
	default:
		t.hold(now, in)
		if t.phase == phaseLive {
			t.drain(now)
		}
	}
}

// differs reports whether a generation is another one than that of the publisher.
func (t *tracker) differs(generation string) bool {
	return generation != "" && t.generation != "" && generation != t.generation
}

// first processes the first message of the stream.
func (t *tracker) first(now time.Time, in arrival) {
	if t.oldest && t.canReplay && in.number > 0 {
		t.recovery = recovery{oldest: true}
		t.request(now)
		t.hold(now, in)
		return
	}
	t.phase, t.next = phaseLive, in.number
	t.deliver(in, false)
}

// verifiable reports whether a replay can show that the publisher has restarted.
func (t *tracker) verifiable() bool { return t.canReplay && t.generation == "" && t.summed }

// hold adds a message to the pending ones. Above the limits the recovery ends.
func (t *tracker) hold(now time.Time, in arrival) {
	in.payload = bytes.Clone(in.payload) // it may share memory with many others
	t.pending = append(t.pending, in)
	t.pendingBytes += len(in.payload)
	if len(t.pending) > t.maxPending || t.pendingBytes > t.maxPendingBytes {
		t.giveUp(now, LossOverflow)
	}
}

// reply processes a message of a replay.
func (t *tracker) reply(now time.Time, in arrival) {
	if t.phase != phaseRecovering || t.recovery.broken {
		return
	}
	r := &t.recovery
	if t.differs(in.generation) {
		t.replace(now, in.generation)
		return
	}
	if t.generation == "" && !t.heard {
		t.generation = in.generation
	}
	first := !r.replied
	r.replied, t.replayed = true, true
	if r.verify && in.number+1 == t.next && maphash.Bytes(sumSeed, in.payload) != t.sum {
		t.restart(t.trustedPending())
		t.drain(now)
		return
	}
	if in.number > t.next && !first {
		r.broken = true // the queue of the replay was full; the messages may still be in the buffer
		return
	}
	t.verified()
	if in.number > t.next {
		t.skip(in.number)
	}
	if in.number == t.next {
		r.oldest, r.attempts, r.deadline = false, 0, now.Add(t.timeout)
		t.deliver(in, true)
	}
	t.caughtUp(now)
}

// replace begins the stream of another instance that answers a request. The request was sent
// after the last live message had been received, so that the instance is a later one.
func (t *tracker) replace(now time.Time, generation string) {
	t.restart(len(t.pending))
	t.generation = generation
	t.request(now)
}

// skip continues with the first message that the publisher still has.
func (t *tracker) skip(number uint64) {
	if len(t.pending) > 0 {
		number = min(number, t.pending[0].number)
	}
	if t.recovery.oldest {
		t.next = number
		return
	}
	t.lose(number, LossExpired)
}

// trustedPending returns the number of pending messages that were published by the
// same instance as the delivered ones.
func (t *tracker) trustedPending() (n int) {
	for n < len(t.pending) && t.pending[n].conn == t.trusted {
		n++
	}
	return n
}

// verified ends the verification: the publisher has not restarted, or nothing shows it.
func (t *tracker) verified() {
	t.recovery.verify = false
	t.trusted = t.conn
}

// caughtUp ends the recovery if the first pending message is the next one.
func (t *tracker) caughtUp(now time.Time) {
	if len(t.pending) > 0 && t.pending[0].number <= t.next {
		t.drain(now)
	}
}

// replyEnd processes the last reply to a request.
func (t *tracker) replyEnd(now time.Time, generation string) {
	t.streaming = false
	if t.phase != phaseRecovering {
		return
	}
	switch r := &t.recovery; {
	case t.differs(generation):
		t.replace(now, generation)
	case r.broken:
		t.retry(now)
	case r.verify && !r.replied && t.replayed:
		// The replay endpoint had messages of this publisher, and does not have the last
		// one.
		t.restart(t.trustedPending())
		t.drain(now)
	case r.replied && len(t.pending) > 0 && !r.oldest:
		t.retry(now) // the messages before the first pending one follow those of the replay
	case r.oldest && len(t.pending) > 0:
		t.next = t.pending[0].number
		t.drain(now)
	default:
		t.giveUp(now, LossExpired)
	}
}

// expire processes the passage of time.
func (t *tracker) expire(now time.Time) {
	at := t.deadline()
	if at.IsZero() || now.Before(at) {
		return
	}
	if t.phase == phaseRecovering {
		t.stats.timeouts++
		t.retry(now)
		return
	}
	t.recovery = recovery{}
	t.request(now)
}

// deadline returns when expire has to be called, or the zero time.
func (t *tracker) deadline() time.Time {
	switch {
	case t.phase == phaseRecovering:
		return t.recovery.deadline
	case t.phase == phaseLive && t.probe > 0 && t.canReplay:
		return t.quiet
	}
	return time.Time{}
}

// retry repeats the request, or gives up.
func (t *tracker) retry(now time.Time) {
	t.recovery.attempts++
	if t.recovery.attempts >= t.attempts {
		t.giveUp(now, LossTimeout)
		return
	}
	t.request(now)
}

// request begins or continues a recovery with a request.
func (t *tracker) request(now time.Time) {
	start := t.next
	t.recovery.verify = t.verifiable()
	if t.recovery.verify {
		start--
	}
	t.phase = phaseRecovering
	t.recovery.replied, t.recovery.broken = false, false
	t.recovery.deadline = now.Add(t.timeout)
	t.want = &request{start: start, fresh: t.streaming}
	t.streaming = true
	t.stats.requests++
}

// giveUp ends the recovery. Messages before the first pending one are lost.
func (t *tracker) giveUp(now time.Time, reason LossReason) {
	oldest := t.recovery.oldest
	t.verified()
	t.recovery = recovery{}
	t.phase, t.quiet = phaseLive, now.Add(t.probe)
	switch {
	case len(t.pending) == 0 && !t.heard && oldest:
		t.phase = phaseUnknown
	case len(t.pending) > 0 && oldest:
		t.next = t.pending[0].number
	case len(t.pending) > 0:
		t.lose(t.pending[0].number, reason)
	}
	t.drain(now)
}

// drain delivers the pending messages up to the next gap, for which it begins another
// recovery.
func (t *tracker) drain(now time.Time) {
	if len(t.pending) == 0 && t.phase == phaseUnknown {
		return
	}
	t.phase, t.quiet = phaseLive, now.Add(t.probe)
	n := 0
	for ; n < len(t.pending); n++ {
		in := t.pending[n]
		if in.number < t.next {
			t.stats.duplicates++
			continue
		}
		if in.number > t.next && t.canReplay {
			t.stats.gaps++
			t.recovery = recovery{}
			t.request(now)
			break
		}
		t.lose(in.number, LossNoReplay)
		t.deliver(in, false)
	}
	t.forget(n)
}

// forget removes the first n pending messages.
func (t *tracker) forget(n int) {
	for _, in := range t.pending[:n] {
		t.pendingBytes -= len(in.payload)
	}
	clear(t.pending[:n])
	t.pending = t.pending[n:]
	if len(t.pending) == 0 {
		t.pending = nil
	}
}

// restart begins a new stream with number 0. The first n pending messages belong to the
// old one: they are delivered, and what is missing between them is lost.
func (t *tracker) restart(n int) {
	if n > 0 && t.recovery.oldest {
		t.next = t.pending[0].number
	}
	for _, in := range t.pending[:n] {
		if in.number >= t.next {
			t.lose(in.number, LossRestarted)
			t.deliver(in, false)
		}
	}
	t.forget(n)
	t.stats.restarts++
	t.results = append(t.results, result{Message{Publisher: t.name, Topic: t.topic},
		&RestartedError{Publisher: t.name, Topic: t.topic, Next: t.next}})
	t.former, t.generation = t.generation, ""
	t.phase, t.next, t.summed, t.replayed = phaseLive, 0, false, false
	t.trusted, t.heard = t.conn, len(t.pending) > 0
	t.recovery = recovery{}
}

// lose reports the messages from next to before end as lost, if there are any.
func (t *tracker) lose(end uint64, reason LossReason) {
	if end <= t.next {
		return
	}
	if reason == LossNoReplay {
		t.stats.gaps++
	}
	t.stats.lost += end - t.next
	t.results = append(t.results, result{Message{Publisher: t.name, Topic: t.topic},
		&LostError{Publisher: t.name, Topic: t.topic, First: t.next, Last: end - 1, Reason: reason}})
	t.next, t.summed = end, false
}

// deliver delivers the next message.
func (t *tracker) deliver(in arrival, replayed bool) {
	t.next = in.number + 1
	t.stats.delivered++
	if replayed {
		t.stats.recovered++
	}
	if t.canReplay && t.generation == "" {
		t.sum, t.summed = maphash.Bytes(sumSeed, in.payload), true
	}
	t.results = append(t.results, result{m: Message{
		Publisher: t.name, Topic: t.topic, Number: in.number, Payload: in.payload, Replayed: replayed,
	}})
}
