package engine_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/msg"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
)

// streamsVar is the environment variable with the number of streams that
// TestHostileStreams runs. seedVar selects one of them, whose number a failure
// names.
const (
	streamsVar = "ZMQ_HOSTILE_STREAMS"
	seedVar    = "ZMQ_HOSTILE_SEED"
)

// Limits of one stream and of all of them together.
const (
	longestStream = 100 * time.Millisecond
	mostHeap      = 64 << 20
	mostOutput    = 4 << 10 // bytes that an engine sends, besides two for each received
)

// TestHostileStreams feeds streams of bytes, derived from valid connections by a
// grammar or random, to accepting and connecting engines under NULL, PLAIN and
// CURVE, in memory. No stream may cause a panic, take longer than longestStream,
// make the engine keep more memory than was sent or send more than was received,
// or deliver a message before the peer has been accepted. All streams together
// must not make the heap grow.
func TestHostileStreams(t *testing.T) {
	if s := os.Getenv(seedVar); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		r := newHostileRunner(t)
		r.check(seed)
		t.Logf("%+v", r.total)
		return
	}
	streams := uint64(20_000)
	if s := os.Getenv(streamsVar); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		streams = n
	}
	// Streams leave garbage and no live memory: fewer collections save a third of
	// the time.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	start, before := time.Now(), liveHeap()
	var next atomic.Uint64
	var bytes uint64
	var total hostileStats
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		r := newHostileRunner(t)
		workers.Go(func() {
			for !t.Failed() {
				seed := next.Add(1)
				if seed > streams {
					break
				}
				r.check(seed)
				if seed%5000 == 0 {
					if grown := liveHeap() - before; grown > mostHeap {
						t.Errorf("the heap has grown by %d bytes after %d streams", grown, seed)
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			bytes += r.bytes
			total.add(&r.total)
		})
	}
	workers.Wait()
	d := time.Since(start)
	if t.Failed() {
		return
	}
	t.Logf("%d streams of %d bytes in %v, %.0f a second; %d completed their handshake, %d delivered messages; ends: %v",
		streams, bytes, d.Round(time.Millisecond), float64(streams)/d.Seconds(), total.ready, total.delivered, total.reasons())
	for _, k := range hostileKinds {
		if n := total.kinds[k.name]; n.streams == 0 || n.ready*50 < n.streams {
			t.Errorf("%s: %d of %d streams completed their handshake: the streams do not test what follows it", k.name, n.ready, n.streams)
		}
	}
}

// liveHeap returns the size of the heap without garbage.
func liveHeap() int64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// hostileStats counts streams.
type hostileStats struct {
	ready, delivered uint64
	ends             [engine.NumCloseReasons]uint64
	kinds            map[string]kindStats
}

type kindStats struct{ streams, ready uint64 }

func (s *hostileStats) add(o *hostileStats) {
	s.ready += o.ready
	s.delivered += o.delivered
	for i, n := range o.ends {
		s.ends[i] += n
	}
	if s.kinds == nil {
		s.kinds = make(map[string]kindStats)
	}
	for k, n := range o.kinds {
		s.kinds[k] = kindStats{s.kinds[k].streams + n.streams, s.kinds[k].ready + n.ready}
	}
}

func (s *hostileStats) reasons() string {
	text := ""
	for i, n := range s.ends {
		text += fmt.Sprintf("%v %d, ", engine.CloseReason(i), n)
	}
	return text[:len(text)-2]
}

// hostileKind is a kind of engine that gets streams. weight is its share: a stream
// for CURVE that completes the handshake costs four scalar multiplications.
type hostileKind struct {
	name             string
	mechanism        int // of st.Securities
	server, accepted bool
	weight           int
}

var hostileKinds = func() (kinds []hostileKind) {
	for i, weight := range []int{12, 6, 1} {
		for _, server := range []bool{true, false} {
			for _, accepted := range []bool{true, false} {
				name := fmt.Sprintf("%s server=%v accepted=%v", []string{"NULL", "PLAIN", "CURVE"}[i], server, accepted)
				kinds = append(kinds, hostileKind{name, i, server, accepted, weight})
			}
		}
	}
	return kinds
}()

// hostileRunner runs streams in one goroutine.
type hostileRunner struct {
	t       *testing.T
	streams *st.Streams
	drawn   []int // index into hostileKinds, as often as the weight
	configs [][3]*engine.Config
	valid   []*st.Recorded // of each kind
	bytes   uint64
	total   hostileStats
}

// hostileMechanisms returns the mechanisms of a kind of engine and of its peer.
func hostileMechanisms(k hostileKind) (ours, theirs func([]byte) mechanism.Mechanism) {
	sec := st.Securities()[k.mechanism]
	if sec.Name == "CURVE" {
		sec = st.Curve(st.Constant('c'), st.Constant('s'))
	}
	if k.server {
		return sec.Server, sec.Client
	}
	return sec.Client, sec.Server
}

func newHostileRunner(t *testing.T) *hostileRunner {
	r := &hostileRunner{t: t, streams: st.NewStreams()}
	r.total.kinds = make(map[string]kindStats)
	limits := engine.Limits{Handshake: 128 << 10, Commands: 16, Metadata: 8 << 10, Properties: 64,
		Frame: 64 << 20, Frames: 65536, Message: 256 << 20, Command: 128 << 10, Useless: 16 << 20}
	small := engine.Limits{Handshake: 600, Commands: 3, Metadata: 200, Properties: 4,
		Frame: 1000, Frames: 4, Message: 1500, Command: 100, Useless: 150}
	for i, k := range hostileKinds {
		for range k.weight {
			r.drawn = append(r.drawn, i)
		}
		ours, theirs := hostileMechanisms(k)
		var cfgs [3]*engine.Config
		for j, base := range []*engine.Config{dealer("me"), publisher(), dealer("")} {
			c := secured(base, ours)
			c.OnError, c.Limits = true, limits
			if j == 2 {
				c.Limits = small
			}
			cfgs[j] = c
		}
		r.configs = append(r.configs, cfgs)
		r.valid = append(r.valid, recordPeer(t, k, cfgs[0], theirs))
	}
	return r
}

// recordPeer completes a handshake with an engine and returns the peer's part.
func recordPeer(t testing.TB, k hostileKind, cfg *engine.Config, theirs func([]byte) mechanism.Mechanism) *st.Recorded {
	p, err := st.Record(newEngine(cfg, k.accepted), theirs)
	if err != nil {
		t.Fatal(k.name, err)
	}
	return p
}

func newEngine(cfg *engine.Config, accepted bool) *engine.Engine {
	if accepted {
		return engine.NewAccepted(cfg)
	}
	return engine.New(cfg)
}

// check runs the stream of a seed. One that took long, which may be because the
// machine is busy, runs again, and its processor time is measured.
func (r *hostileRunner) check(seed uint64) {
	defer func() {
		if p := recover(); p != nil {
			r.t.Errorf("stream %d (%s=%d): panic: %v", seed, seedVar, seed, p)
			panic(p)
		}
	}()
	if d := r.run(seed, wallTime); d < longestStream {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if d := r.run(seed, threadTime); d > longestStream {
		r.t.Errorf("stream %d took %v", seed, d)
	}
}

var runnerStart = time.Now()

func wallTime() time.Duration { return time.Since(runnerStart) }

// run makes the stream of a seed, gives it to an engine, and returns the time that
// the engine took.
func (r *hostileRunner) run(seed uint64, now func() time.Duration) time.Duration {
	r.streams.Seed(seed)
	k := r.drawn[r.streams.IntN(len(r.drawn))]
	kind := hostileKinds[k]
	cfg := r.configs[k][r.streams.IntN(3)]
	data := r.streams.Stream(r.valid[k])
	r.bytes += uint64(len(data))

	h := hostilePeer{r: r, seed: seed, kind: kind, cfg: cfg, refuse: r.streams.IntN(8) == 0}
	start := now()
	h.run(data)
	d := now() - start

	stats := r.total.kinds[kind.name]
	stats.streams++
	if h.ready {
		stats.ready++
		r.total.ready++
	}
	r.total.kinds[kind.name] = stats
	if h.messages > 0 {
		r.total.delivered++
	}
	r.total.ends[engine.CloseReasonOf(h.err)]++
	return d
}

// hostilePeer gives one stream to one engine, as a session does.
type hostilePeer struct {
	r      *hostileRunner
	seed   uint64
	kind   hostileKind
	cfg    *engine.Config
	refuse bool // the peer is not accepted, if it is asked about

	e                      *engine.Engine
	accepted, asked, ready bool
	messages               int
	sent, output           int
	err                    error
}

func (h *hostilePeer) fail(format string, args ...any) {
	h.r.t.Errorf("stream %d (%s): %s", h.seed, h.kind.name, fmt.Sprintf(format, args...))
}

func (h *hostilePeer) run(data []byte) {
	h.e = newEngine(h.cfg, h.kind.accepted)
	h.collect()
	var left []byte
	cut := max(1<<h.r.streams.IntN(18), len(data)/500) // a copy of left for each piece would else cost more than the engine
	for len(data) > 0 && h.err == nil {
		n := min(len(data), 1+h.r.streams.IntN(cut))
		piece := data[:n]
		data = data[n:]
		h.sent += n
		piece = h.body(piece)
		if h.err != nil {
			break
		}
		if len(left) > 0 {
			piece = append(left, piece...)
		}
		if left = piece[h.deliver(piece):]; len(data) > 0 {
			left = slices.Clone(left) // the engine may keep the rest
		}
		h.bounds(len(left))
	}
	if h.ready && h.err != nil {
		if e := h.e.Rejection(h.err); len(e) > 512 {
			h.fail("ERROR of %d bytes", len(e))
		}
	}
	h.e.Discard()
}

// body gives the engine the bytes of a large frame, and returns the others.
func (h *hostilePeer) body(b []byte) []byte {
	for h.err == nil && len(b) > 0 {
		want := h.e.BodyBuffer()
		if want == nil {
			return b
		}
		if len(want) > 2*h.sent+1<<20 { // the largest frame so far may be allocated at once
			h.fail("buffer of %d bytes for a peer that has sent %d", len(want), h.sent)
		}
		var in msg.Batch
		n := copy(want, b)
		h.err = h.e.BodyRead(n, &in)
		h.take(&in)
		b = b[n:]
	}
	return b
}

func (h *hostilePeer) deliver(b []byte) (used int) {
	for !h.ready {
		n, err := h.e.Handshake(b[used:])
		used += n
		h.collect()
		if h.err = err; err != nil {
			return used
		}
		if _, waiting := h.e.Authenticating(); waiting {
			h.asked = true
			v := mechanism.Verdict{Status: mechanism.StatusAccepted, UserID: "u"}
			if h.refuse {
				v.Status = []mechanism.ZAPStatus{mechanism.StatusDenied, mechanism.StatusTemporary, "999"}[h.seed%3]
			}
			h.accepted = !h.refuse
			h.err = h.e.Resume(v)
			h.collect()
			if h.err == nil != h.accepted && h.refuse {
				h.fail("a refused peer goes on")
			}
			if h.err != nil {
				return used
			}
			continue
		}
		if !h.e.HandshakeDone() {
			return used
		}
		h.ready = true
		if h.kind.server && !h.accepted {
			h.fail("the handshake is complete, but the peer was not accepted")
		}
		h.e.Admit()
		h.collect()
	}
	for h.err == nil {
		if used == len(b) || h.e.BodyBuffer() != nil {
			return used
		}
		var in msg.Batch
		n, err := h.e.Decode(b[used:], h.seed%2 == 0, 1<<20, &in)
		h.err = err
		used += n
		got := in.Msgs
		h.take(&in)
		h.collect()
		if n == 0 && got == 0 {
			return used
		}
	}
	return used
}

func (h *hostilePeer) take(in *msg.Batch) {
	if in.Msgs > 0 && (!h.ready || h.kind.server && !h.accepted) {
		h.fail("a message was delivered before the peer was accepted")
	}
	if in.Bytes > 2*h.sent+1<<16 {
		h.fail("messages of %d bytes from a peer that has sent %d", in.Bytes, h.sent)
	}
	h.messages += in.Msgs
	in.Recycle()
}

func (h *hostilePeer) collect() {
	h.output += len(h.e.Output())
	if h.output > 2*h.sent+mostOutput {
		h.fail("%d bytes sent to a peer that has sent %d", h.output, h.sent)
	}
}

func (h *hostilePeer) bounds(left int) {
	if size, _ := h.e.Partial(); size > 2*h.sent+1<<16 {
		h.fail("%d bytes of an incomplete message kept of %d", size, h.sent)
	}
	if left > 256<<10 {
		h.fail("%d bytes not consumed", left)
	}
}
