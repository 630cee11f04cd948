package seq

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// script drives a tracker and describes what it delivers: "5" is message 5 of the live
// stream, "5r" one of a replay, "lost 3-4 expired" and "restarted 5" are errors, "want 3"
// is a request and "want 3 fresh" one that discards earlier replies.
type script struct {
	t   *testing.T
	tr  *tracker
	now time.Time
	gen string
	con uint64
	by  string // instance of the publisher, part of its payloads
}

func newScript(t *testing.T, change func(l *limits)) *script {
	l := limits{maxPending: 100, maxPendingBytes: 1 << 20, timeout: time.Second, attempts: 2, canReplay: true}
	if change != nil {
		change(&l)
	}
	s := &script{t: t, tr: &tracker{limits: l, name: "p"}, now: time.Unix(1000, 0), con: 1, by: "a"}
	s.tr.begin(s.now)
	return s
}

func (s *script) payload(n uint64) []byte { return []byte(fmt.Sprint(s.by, n)) }

func (s *script) live(numbers ...uint64) *script {
	for _, n := range numbers {
		s.tr.live(s.now, arrival{n, s.payload(n), s.con, s.gen})
	}
	return s
}

func (s *script) reply(numbers ...uint64) *script {
	for _, n := range numbers {
		s.tr.reply(s.now, arrival{n, s.payload(n), 0, s.gen})
	}
	return s
}

func (s *script) end() *script { s.tr.replyEnd(s.now, s.gen); return s }

func (s *script) pass(d time.Duration) *script {
	s.now = s.now.Add(d)
	s.tr.expire(s.now)
	return s
}

// gives checks what the tracker has delivered since the last call.
func (s *script) gives(want string) *script {
	s.t.Helper()
	var got []string
	for _, r := range s.tr.results {
		got = append(got, describe(r))
	}
	s.tr.results = nil
	if r := s.tr.want; r != nil {
		text := fmt.Sprint("want ", r.start)
		if r.fresh {
			text += " fresh"
		}
		got = append(got, text)
		s.tr.want = nil
	}
	if text := strings.Join(got, ", "); text != want {
		s.t.Errorf("got %q, want %q", text, want)
	}
	return s
}

func describe(r result) string {
	var lost *LostError
	var restarted *RestartedError
	switch {
	case errors.As(r.err, &lost):
		return fmt.Sprintf("lost %d-%d %v", lost.First, lost.Last, lost.Reason)
	case errors.As(r.err, &restarted):
		return fmt.Sprint("restarted ", restarted.Next)
	case r.m.Replayed:
		return fmt.Sprint(r.m.Number, "r")
	}
	return fmt.Sprint(r.m.Number)
}

func TestTrackerFillsGapByReplay(t *testing.T) {
	s := newScript(t, nil)
	s.live(7, 8).gives("7, 8")
	s.live(11).gives("want 8") // 8 is requested to compare it
	s.live(12, 13).gives("")
	s.reply(8).gives("").reply(9).gives("9r").reply(10).gives("10r, 11, 12, 13")
	s.reply(11, 12).end().gives("")
	s.live(14).gives("14")
	if s.tr.stats.gaps != 1 || s.tr.stats.recovered != 2 || s.tr.stats.delivered != 8 {
		t.Errorf("stats %+v", s.tr.stats)
	}
}

func TestTrackerReportsMessagesThatReplayNoLongerHas(t *testing.T) {
	s := newScript(t, nil)
	s.live(1).gives("1").live(9).gives("want 1")
	s.reply(6).gives("lost 2-5 expired, 6r").reply(7, 8).gives("7r, 8r, 9")
	s.reply(9).end().gives("")
	s.live(22).gives("want 9").reply(30).end().gives("lost 10-21 expired, 22")
	s = newScript(t, nil)
	s.live(1, 20).gives("1, want 1").end().gives("lost 2-19 expired, 20") // nothing is buffered
}

func TestTrackerRequestsAgainWhenReplayHasGap(t *testing.T) {
	s := newScript(t, nil)
	s.live(1).gives("1").live(9).gives("want 1")
	s.reply(1, 2, 3, 6, 7).gives("2r, 3r") // the publisher's queue was full for 4 and 5
	s.end().gives("want 3").reply(3, 4, 5).gives("4r, 5r")
	s.end().gives("want 5") // ... and for those at the end
	s.reply(5, 6, 7, 8).gives("6r, 7r, 8r, 9")
}

func TestTrackerReportsLossWhenReplayDoesNotAnswer(t *testing.T) {
	s := newScript(t, nil)
	s.live(1, 3).gives("1, want 1")
	s.pass(time.Second).gives("want 1 fresh")
	s.pass(time.Second / 2).gives("")
	s.pass(time.Second / 2).gives("lost 2-2 timeout, 3")
	s.live(4).gives("4")
	s.live(6).gives("want 4 fresh").reply(4, 5).gives("5r, 6")
}

func TestTrackerWithoutReplayReportsGapAtOnce(t *testing.T) {
	s := newScript(t, func(l *limits) { l.canReplay = false })
	s.live(1, 5, 6).gives("1, lost 2-4 no_replay, 5, 6")
	s.con++
	s.live(7).gives("7")
}

func TestTrackerDetectsRestartBySmallerNumber(t *testing.T) {
	s := newScript(t, nil)
	s.live(5).gives("5")
	s.by = "b"
	s.con++
	s.live(0, 1).gives("restarted 6, 0, 1")
	s.live(1).gives("restarted 2, want 0").reply(0).gives("0r, 1")
}

func TestTrackerDetectsRestartByGeneration(t *testing.T) {
	s := newScript(t, nil)
	s.gen = "a"
	s.live(5, 7).gives("5, want 6")
	s.con, s.gen = 2, "b"
	s.live(8).gives("lost 6-6 restarted, 7, restarted 8, want 0 fresh")
	s.reply(0, 1, 2).gives("0r, 1r, 2r").reply(6).end().gives("want 3")
}

func TestTrackerDetectsRestartByGenerationOfReplay(t *testing.T) {
	s := newScript(t, func(l *limits) { l.probe = time.Minute })
	s.gen = "a"
	s.live(5, 7).gives("5, want 6")
	s.gen = "b"
	s.reply(6).gives("lost 6-6 restarted, 7, restarted 8, want 0 fresh")
	s.reply(0, 1).end().gives("0r, 1r")
	s.gen = "c"
	s.pass(time.Minute).gives("want 2").end().gives("restarted 2, want 0").reply(0, 1).end().gives("0r, 1r")
	s.gen = "b" // from the queue of the lost connection
	s.live(8).gives("")
	s.gen = "c"
	s.live(2).gives("2")
}

// A restarted publisher that announces no generation has reached a greater number before
// the subscriber is connected again.
func TestTrackerDetectsRestartByPayloadAfterReconnection(t *testing.T) {
	s := newScript(t, nil)
	s.live(5).gives("5")
	s.con, s.by = 2, "b"
	s.live(6, 7).gives("want 5").reply(5).gives("restarted 6, want 0 fresh")
	s.reply(0, 1, 2, 3, 4, 5).gives("0r, 1r, 2r, 3r, 4r, 5r, 6, 7")
}

func TestTrackerContinuesAfterReconnectionToSamePublisher(t *testing.T) {
	s := newScript(t, nil)
	s.live(5).gives("5")
	s.con = 2
	s.live(6, 7).gives("want 5").reply(5).gives("6, 7").reply(6).end().gives("")
	s.con = 3
	s.live(8).gives("want 7").reply(9).gives("8") // 7 is not in the buffer any more
}

func TestTrackerDetectsRestartByMissingNumber(t *testing.T) {
	s := newScript(t, func(l *limits) { l.probe = time.Minute })
	s.live(1).gives("1").pass(time.Minute).gives("want 1")
	s.reply(1, 2, 3, 4, 5, 6).end().gives("2r, 3r, 4r, 5r, 6r")
	s.con, s.by = 2, "b"
	s.live(2).gives("want 6").end().gives("restarted 7, want 0").reply(0, 1).gives("0r, 1r, 2")
}

func TestTrackerDeliversPendingOfOldInstanceBeforeRestart(t *testing.T) {
	s := newScript(t, nil)
	s.live(5, 7).gives("5, want 5")
	s.con, s.by = 2, "b"
	s.live(9).gives("want 5 fresh")
	s.reply(5).gives("lost 6-6 restarted, 7, restarted 8, want 0 fresh")
	s.reply(0, 1, 2, 3, 4, 5, 6, 7, 8).gives("0r, 1r, 2r, 3r, 4r, 5r, 6r, 7r, 8r, 9")
}

func TestTrackerBeginsWithOldestMessage(t *testing.T) {
	s := newScript(t, func(l *limits) { l.oldest = true })
	s.gives("want 0").live(9).gives("").reply(4, 5, 6, 7, 8).gives("4r, 5r, 6r, 7r, 8r, 9").end()
	s = newScript(t, func(l *limits) { l.oldest = true })
	s.gives("want 0").reply(4, 5).end().gives("4r, 5r").live(5, 6).gives("6")

	s = newScript(t, func(l *limits) { l.oldest = true })
	s.gives("want 0").end().gives("").live(1).gives("want 0").reply(0).gives("0r, 1")
}

func TestTrackerDropsMessagesThatReplayHasDelivered(t *testing.T) {
	s := newScript(t, func(l *limits) { l.oldest = true })
	s.gives("want 0").reply(0, 1, 2).end().gives("0r, 1r, 2r")
	s.live(1, 2, 3).gives("3")
	if s.tr.stats.duplicates != 2 {
		t.Errorf("%d duplicates", s.tr.stats.duplicates)
	}
}

func TestTrackerProbesSilentPublisher(t *testing.T) {
	s := newScript(t, func(l *limits) { l.probe = time.Minute })
	s.live(1).gives("1").pass(time.Minute - 1).gives("").pass(1).gives("want 1")
	s.reply(1, 2).end().gives("2r").live(2, 3).gives("3")
	s.pass(time.Minute).gives("want 3").reply(3, 4, 6).end().gives("4r, want 4") // 5 was dropped
	s.reply(4, 5, 6).end().gives("5r, 6r")
	s.pass(time.Minute).gives("want 6").end().gives("restarted 7")
}

func TestTrackerBoundsPendingMessages(t *testing.T) {
	s := newScript(t, func(l *limits) { l.maxPending = 3 })
	s.live(1, 5, 6, 7).gives("1, want 1").live(8).gives("lost 2-4 overflow, 5, 6, 7, 8")
	s = newScript(t, func(l *limits) { l.maxPendingBytes = 4 })
	s.live(1, 5, 6).gives("1, want 1").live(7).gives("lost 2-4 overflow, 5, 6, 7")
	if s.tr.pendingBytes != 0 || s.tr.pending != nil {
		t.Errorf("%d bytes pending", s.tr.pendingBytes)
	}
}

// TestTrackerKeepsPromiseUnderRandomFaults simulates a publisher that restarts, a live
// stream and replays that lose messages, and checks that everything that was delivered is
// correct, in order, and that each gap was reported.
func TestTrackerKeepsPromiseUnderRandomFaults(t *testing.T) {
	for seed := range uint64(600) {
		if !simulate(t, seed) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func simulate(t *testing.T, seed uint64) bool {
	r := rand.New(rand.NewPCG(seed, 1))
	s := newScript(t, func(l *limits) {
		l.oldest, l.canReplay, l.maxPending = r.IntN(2) == 0, r.IntN(4) > 0, 1+r.IntN(20)
	})
	withGeneration := r.IntN(2) == 0
	var (
		next     uint64 // of the publisher
		instance int
		keep     = uint64(1 + r.IntN(20))
		queue    []uint64 // replies
		open     bool     // the end of the replies is to come
		check    = checker{t: t, instances: withGeneration}
	)
	s.by = "0:"
	if withGeneration {
		s.gen = "0"
	}
	for range 300 {
		switch r.IntN(12) {
		default:
			if r.IntN(3) > 0 {
				s.live(next)
			}
			next++
		case 0, 1, 2:
			if len(queue) > 0 {
				if r.IntN(8) > 0 {
					s.reply(queue[0])
				}
				queue = queue[1:]
			} else if open {
				open = false
				s.end()
			}
		case 3:
			s.con++
		case 4:
			if r.IntN(3) == 0 {
				instance++
				next, queue, open = 0, nil, false
				s.con++
				s.by = fmt.Sprint(instance, ":")
			}
		case 5:
			s.pass(time.Second)
		}
		if withGeneration {
			s.gen = fmt.Sprint(instance)
		}
		check.results(s.tr)
		if w := s.tr.want; w != nil {
			s.tr.want, queue, open = nil, nil, true
			oldest := next - min(next, keep)
			for n := max(oldest, w.start); n < next; n++ {
				queue = append(queue, n)
			}
		}
		if check.failed {
			return false
		}
	}
	return true
}

// checker checks the results of a simulation.
type checker struct {
	t      *testing.T
	known  bool
	next   uint64
	prefix string // of the payloads of the current instance
	failed bool

	// Whether each restart can be detected: without a generation it cannot if the publisher
	// has reached a greater number and there is no replay of the last one.
	instances bool
}

func (c *checker) fail(format string, args ...any) {
	c.t.Errorf(format, args...)
	c.failed = true
}

func (c *checker) results(tr *tracker) {
	for _, r := range tr.results {
		var lost *LostError
		var restarted *RestartedError
		switch {
		case errors.As(r.err, &restarted):
			c.known, c.next, c.prefix = true, 0, ""
		case errors.As(r.err, &lost):
			if !c.known || lost.First != c.next || lost.Last < lost.First {
				c.fail("%v, next is %d", lost, c.next)
			}
			c.next = lost.Last + 1
		default:
			c.message(r.m)
		}
	}
	tr.results = nil
}

func (c *checker) message(m Message) {
	prefix, number, _ := strings.Cut(string(m.Payload), ":")
	if c.known && m.Number != c.next || number != fmt.Sprint(m.Number) {
		c.fail("received %d with payload %q, next is %d", m.Number, m.Payload, c.next)
	}
	if c.instances && c.prefix != "" && c.prefix != prefix {
		c.fail("received %q of another instance than %q without a RestartedError", m.Payload, c.prefix)
	}
	c.known, c.next, c.prefix = true, m.Number+1, prefix
}
