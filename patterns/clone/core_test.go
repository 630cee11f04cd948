package clone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
)

// fakeOutput records what a core does.
type fakeOutput struct {
	texts []string
	room  int // messages that sendTo accepts
}

func (o *fakeOutput) publish(u *update) {
	o.texts = append(o.texts, fmt.Sprintf("%s=%s %d", u.key, u.value, u.number))
}

func (o *fakeOutput) sendTo(client string, msgs []zmq.Message) (n int, gone bool) {
	n = min(o.room, len(msgs))
	o.room -= n
	for _, m := range msgs[:n] {
		u, _ := decode(m)
		o.texts = append(o.texts, fmt.Sprintf("%s:%s=%s %d %s", client, u.key, u.value, u.number, strings.TrimSpace(string(u.props))))
	}
	return n, client == "gone"
}

func (o *fakeOutput) requestSnapshot() { o.texts = append(o.texts, "request") }

// scene drives a core.
type scene struct {
	t   *testing.T
	out *fakeOutput
	c   *core
	now time.Time
}

func newScene(t *testing.T) *scene {
	out := &fakeOutput{room: 1000}
	return &scene{t, out, newCore(serverLimits{maxKeys: 10, maxBytes: 1000, maxKeySize: 100, maxValueSize: 100, maxSnapshots: 2,
		maxPending: 3, snapshotTimeout: time.Minute, pendingTimeout: 10 * time.Second, syncTimeout: 5 * time.Second, beat: time.Second}, out), time.Unix(1000, 0)}
}

// message returns an update whose UUID begins with id, or has none if id is 0.
func message(key, value string, number uint64, id byte, props string) zmq.Message {
	u := update{key: key, number: number, id: uuid{id}, props: []byte(props), value: []byte(value)}
	return u.encode()
}

func (s *scene) does(want string) {
	s.t.Helper()
	if got := strings.Join(s.out.texts, ", "); got != want {
		s.t.Errorf("got %q, want %q", got, want)
	}
	s.out.texts = nil
}

func TestPassiveServerAppliesOnlyUnpublishedUpdatesWhenItBecomesActive(t *testing.T) {
	s := newScene(t)
	s.c.passivate(s.now)
	s.does("request")
	s.c.receiveSnapshot(s.now, message(keyEnd, "", 5, 0, ""))
	s.c.set(s.now, message("a", "1", 0, 1, "")) // the client's first, then the active server's
	s.c.follow(s.now, message("a", "1", 6, 1, ""))
	s.c.follow(s.now, message("b", "1", 7, 2, "")) // the other way round
	s.c.set(s.now, message("b", "1", 0, 2, ""))
	s.c.set(s.now, message("c", "1", 0, 3, ""))
	s.c.set(s.now, message("c", "2", 0, 4, ""))
	s.c.set(s.now, message("without a UUID", "1", 0, 0, ""))
	s.does("")
	s.c.activate(s.now)
	s.does("c=1 8, c=2 9")
	if s.c.stats.PendingDropped != 1 || len(s.c.store.entries) != 3 {
		t.Errorf("stats %+v", s.c.stats)
	}
}

func TestPassiveServerBoundsPendingUpdates(t *testing.T) {
	s := newScene(t)
	s.c.passivate(s.now)
	for i := range byte(5) {
		s.c.set(s.now, message("k", "v", 0, 1+i, ""))
		s.c.follow(s.now, message("p", "v", uint64(i), 101+i, ""))
	}
	if len(s.c.pending) != 3 || s.c.stats.PendingDropped != 2 || len(s.c.published) != 3 {
		t.Errorf("%d pending, %d published, stats %+v", len(s.c.pending), len(s.c.published), s.c.stats)
	}
	s.now = s.now.Add(10 * time.Second)
	s.c.tick(s.now)
	if len(s.c.pending) != 0 || len(s.c.published) != 0 || s.c.stats.PendingDropped != 5 {
		t.Errorf("after the timeout %d pending, %d published, stats %+v", len(s.c.pending), len(s.c.published), s.c.stats)
	}
}

func TestPassiveServerKeepsOldValuesUntilSnapshotIsComplete(t *testing.T) {
	s := newScene(t)
	s.c.activate(s.now)
	s.c.set(s.now, message("old", "1", 0, 1, ""))
	s.does("old=1 1")
	s.c.passivate(s.now)
	s.c.receiveSnapshot(s.now, message("new", "1", 3, 0, "ttl=7\n"))
	s.c.follow(s.now, message("x", "1", 4, 2, ""))
	s.c.follow(s.now, message("y", "1", 5, 3, ""))
	s.does("request")
	if s.c.store.entries["old"] == nil || s.c.store.entries["new"] != nil {
		t.Error("the values were replaced before the snapshot was complete")
	}
	s.now = s.now.Add(5 * time.Second)
	s.c.tick(s.now)
	s.does("request")
	s.c.receiveSnapshot(s.now, message("new", "1", 3, 0, "ttl=7\n"))
	s.c.follow(s.now, message("y", "2", 6, 4, ""))
	s.c.follow(s.now, message("new", "2", 7, 5, "ttl=3\n"))
	s.c.receiveSnapshot(s.now, message(keyEnd, "", 6, 0, ""))
	if e := s.c.store.entries; len(e) != 1 || string(e["new"].value) != "2" || !e["new"].expires.Equal(s.now.Add(3*time.Second)) || s.c.store.number != 7 {
		t.Errorf("entries %v, number %d", e, s.c.store.number)
	}
	s.c.follow(s.now, message("z", "1", 9, 6, "")) // 8 was lost
	s.does("request")
	s.c.receiveSnapshot(s.now, message(keyEnd, "", 9, 0, ""))
	s.c.follow(s.now, message(keyBeat, "", 9, 0, ""))
	s.does("")
	s.c.follow(s.now, message(keyBeat, "", 10, 0, "")) // 10 was lost
	s.does("request")
}

func TestSnapshotWaitsForClientAndEndsWithIt(t *testing.T) {
	s := newScene(t)
	s.c.activate(s.now)
	s.c.set(s.now, message("/a/1", "x", 0, 1, "ttl=100\n"))
	s.c.set(s.now, message("/a/2", "x", 0, 2, ""))
	s.out.texts, s.out.room = nil, 1
	s.c.request("c", encodeRequest("/a/"), false)
	_, blocked := s.c.advance(s.now)
	s.does("c:/a/1=x 1 ")
	s.c.set(s.now, message("/a/3", "x", 0, 3, ""))
	s.does("/a/3=x 3") // has a greater number than the snapshot
	s.out.room = 100
	busy, still := s.c.advance(s.now)
	s.does("c:/a/2=x 2 , c:KTHXBAI=/a/ 2 ")
	if !blocked || busy || still || s.c.stats.Snapshots != 1 {
		t.Errorf("blocked %v, busy %v, still blocked %v, stats %+v", blocked, busy, still, s.c.stats)
	}
	s.c.request("server", encodeRequest("/a/"), true)
	s.c.advance(s.now)
	s.does("server:/a/1=x 1 ttl=100, server:/a/2=x 2 , server:/a/3=x 3 , server:KTHXBAI=/a/ 3 ")
	s.out.room = 0
	s.c.request("gone", encodeRequest(""), false)
	s.c.request("slow", encodeRequest(""), false)
	s.c.advance(s.now)
	s.c.advance(s.now.Add(time.Minute))
	if s.c.stats.SnapshotsAborted != 2 || len(s.c.store.snapshots) != 0 {
		t.Errorf("%d snapshots remain, stats %+v", len(s.c.store.snapshots), s.c.stats)
	}
}
