package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
)

// cloneServers tests a clone server with two clients that update keys.
func cloneServers(server, client string) func(s *stage) {
	return func(s *stage) {
		ends := []string{"-snapshots", s.inproc("snapshots"), "-updates", s.inproc("updates")}
		ends = append(ends, "-collect", s.inproc("collect"))
		srv := s.start(server, ends...)
		one := s.start(client, ends...)
		one.waitFor(1, "I: received update=5\n")
		two := s.start(client, ends...)
		two.waitFor(1, "I: received snapshot=[5-7]\n")
		two.waitFor(1, "I: received update=40\n")
		s.want(one.stop(), "I: received snapshot=0\n(I: received update=[0-9]+\n)+Interrupted\n[0-9]+ keys\n")
		two.stop()
		s.want(srv.stop(), "(I: sending snapshot=[0-9]+\n|I: publishing (update|delete)[ =]+[0-9]+\n)+Interrupted\n[0-9]+ messages handled\n")
	}
}

var chapter5 = []scenario{
	{"espresso", func(s *stage) {
		p := s.start("espresso", "-front", s.inproc("front"), "-back", s.inproc("back"))
		p.waitFor(1, `"\\x00B"`)
		got := p.stop()
		s.want(sorted(got), `\[002\] "\\x00A"\n\[002\] "\\x00B"\n\[002\] "\\x01A"\n\[002\] "\\x01B"\n(\[007\] "[AB]-[0-9]{5}"\n){5,}`)
	}},
	{"lvcache pathopub pathosub", func(s *stage) {
		cache := s.start("lvcache", "-connect", s.inproc("publisher"), "-bind", s.inproc("subscribers"))
		publisher := s.start("pathopub", "-bind", s.inproc("publisher"))
		time.Sleep(3 * time.Second) // all topics have been published
		publisher.stop()
		early := s.start("pathosub", "-connect", s.inproc("subscribers"), "-topic", "123")
		early.waitFor(1, "\n")
		late := s.start("pathosub", "-connect", s.inproc("subscribers"), "-topic", "123")
		late.waitFor(1, "\n")
		early.waitFor(2, "\n")
		s.want(late.stop(), "Save Roger\n|Off with his head!\n")
		early.stop()
		s.want(cache.stop(), "(Sending cached topic 123\n){2}")
	}},
	{"suisnail", func(s *stage) {
		s.want(s.start("suisnail", "-endpoint", s.inproc("a")).wait(), "E: subscriber cannot keep up, aborting\n")
	}},
	{"clonesrv1 clonecli1", func(s *stage) {
		server := s.start("clonesrv1", "-bind", s.inproc("server"))
		sub := check(zmq.NewSub(nil))
		defer sub.Close()
		must(sub.Subscribe(""))
		must(sub.Connect(s.inproc("server")))
		for i := range 100 {
			kv := check(parseKVSimple(check(sub.Recv(s.ctx))))
			if i == 0 && kv.sequence != 1 {
				s.Errorf("first update is %d", kv.sequence)
			}
		}
		s.want(server.stop(), "Interrupted\n[1-9][0-9]* messages out\n")

		pub := check(zmq.NewPub(nil))
		defer pub.Close()
		check(pub.Bind(s.inproc("client")))
		client := s.start("clonecli1", "-connect", s.inproc("client"))
		must(pub.WaitSubscribers(s.ctx, 1, ""))
		for i := range 5 {
			must(pub.Send(s.ctx, randomKVSimple("", int64(i)).frames()...))
		}
		synctest.Wait() // the client has received them
		s.want(client.stop(), "Interrupted\n5 messages in\n")
	}},
	{"clonesrv2 clonecli2", func(s *stage) {
		ends := []string{"-snapshots", s.inproc("snapshots"), "-updates", s.inproc("updates")}
		server := s.start("clonesrv2", ends...)
		client := s.start("clonecli2", ends...)
		client.waitFor(1, "Received snapshot=")
		s.want(client.stop(), "Received snapshot=[1-9][0-9]*\nInterrupted\nlast update=[1-9][0-9]*\n")
		s.want(server.stop(), "Sending state snapshot=[1-9][0-9]*\nInterrupted\n[0-9]+ messages out\n")
	}},
	{"clonesrv3 clonecli3", cloneServers("clonesrv3", "clonecli3")},
	{"clonesrv4 clonecli4", cloneServers("clonesrv4", "clonecli4")},
	{"clonesrv5 clonecli5", cloneServers("clonesrv5", "clonecli5")},
	{"clonesrv5", func(s *stage) { // keys expire
		server := s.start("clonesrv5", "-snapshots", s.inproc("snapshots"), "-updates", s.inproc("updates"), "-collect", s.inproc("collect"))
		push := check(zmq.NewPush(nil))
		defer push.Close()
		must(push.Connect(s.inproc("collect")))
		for _, ttl := range []int{0, 2, 0} {
			must(push.Send(s.ctx, newKVMsg(fmt.Sprintf("/key/%d", ttl), []byte("value"), ttl).frames()...))
		}
		time.Sleep(time.Minute)
		store := kvStore{}
		if sequence := check(cloneRequest(s.ctx, s.inproc("snapshots"), store, "/key/")); sequence != 4 || len(store) != 1 {
			s.Errorf("snapshot %d: %v, want one key that does not expire", sequence, store)
		}
		s.want(server.stop(), "(I: publishing update=[1-3]\n){3}I: publishing delete=4\nI: sending snapshot=4\nInterrupted\n4 messages handled\n")
	}},
	{"clonesrv6 clonecli6", func(s *stage) {
		at := s.inproc("")
		primary := s.start("clonesrv6", "-p", "-at", at)
		backup := s.start("clonesrv6", "-b", "-at", at)
		client := s.start("clonecli6", "-at", at)
		client.waitFor(5, "received from .*5556 update=")
		backup.waitFor(3, "I: received update=")
		s.want(primary.stop(), "I: primary active.*\nI: connected to backup .*\n(I: sending snapshot=[0-9]+\n|I: publishing (update|pending|delete)=[0-9]+\n)+")
		client.waitFor(5, "received from .*5566 update=")
		client.stop()
		got := backup.stop()
		for _, text := range []string{"ready as passive", "I: received snapshot=", "ready as active", "I: publishing pending=", "I: publishing update="} {
			if !strings.Contains(got, text) {
				s.Errorf("no %q in:\n%s", text, got)
			}
		}
	}},
}

func TestKVMsgIsDecodedAsEncoded(t *testing.T) {
	kv := newKVMsg("/a/b", []byte("value"), 7)
	kv.sequence = 1<<40 + 5
	got, err := parseKVMsg(zmq.NewMessage(kv.frames()...))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(kv) || got.ttl() != 7 || len(got.uuid) != 16 {
		t.Errorf("%v, want %v", got, kv)
	}
	if _, err := parseKVMsg(zmq.NewStringMessage("key", "12345678", "value")); err == nil {
		t.Error("no error for a message of three frames")
	}
}

// An update is pending until it was received from both the client and the active server,
// in any order.
func TestPassiveCloneServerKeepsUpdatesThatAreNotPublished(t *testing.T) {
	s := &cloneServer{out: newOutput(), bstar: &bstar{state: bstarPassive}, store: kvStore{}, synced: true}
	for i := range 4 {
		kv := newKVMsg("/key", []byte("value"), 0)
		client := zmq.NewMessage(kv.frames()...)
		kv.sequence = int64(i + 1)
		peer := zmq.NewMessage(kv.frames()...)
		switch i {
		case 0:
			must(s.clientUpdate(t.Context(), client))
			must(s.peerUpdate(t.Context(), peer))
		case 1:
			must(s.peerUpdate(t.Context(), peer))
			must(s.clientUpdate(t.Context(), client))
		default: // the active server has failed
			must(s.clientUpdate(t.Context(), client))
		}
	}
	if len(s.pending) != 2 || s.sequence != 2 {
		t.Errorf("%d updates are pending after update %d, want 2 after 2", len(s.pending), s.sequence)
	}
}

func TestKVSimpleIsDecodedAsEncoded(t *testing.T) {
	kv := kvSimple{"key", 258, []byte("body")}
	m := zmq.NewMessage(kv.frames()...)
	if want := []byte{0, 0, 0, 0, 0, 0, 1, 2}; !slices.Equal(m.Frame(1), want) {
		t.Errorf("sequence number %x, want %x", m.Frame(1), want)
	}
	if got, err := parseKVSimple(m); err != nil || fmt.Sprint(got) != fmt.Sprint(kv) {
		t.Errorf("%v, %v, want %v", got, err, kv)
	}
	if _, err := parseKVSimple(zmq.NewStringMessage("key", "short", "value")); err == nil {
		t.Error("no error for a short sequence number")
	}
}

// Every message that parseKVMsg accepts is the same after encoding.
func FuzzParseKVMsg(f *testing.F) {
	kv := newKVMsg("/key", []byte("value"), 7).frames()
	f.Add(kv[0], kv[1], kv[2], kv[3], kv[4])
	f.Add([]byte(nil), []byte("short"), []byte("uuid"), []byte("no value\n=\na=b=c\nd"), []byte(nil))
	f.Add([]byte("k"), []byte("12345678"), []byte(nil), []byte("ttl=x\nttl=3"), []byte("v"))
	f.Fuzz(func(t *testing.T, key, sequence, uuid, properties, body []byte) {
		kv, err := parseKVMsg(zmq.NewMessage(key, sequence, uuid, properties, body))
		if (err == nil) != (len(sequence) == 8) {
			t.Fatalf("sequence number %q: %v", sequence, err)
		}
		if err != nil {
			return
		}
		again, err := parseKVMsg(zmq.NewMessage(kv.frames()...))
		if err != nil || fmt.Sprintf("%#v", again) != fmt.Sprintf("%#v", kv) {
			t.Fatalf("%#v, %v, want %#v", again, err, kv)
		}
	})
}

// Every message that parseKVSimple accepts is the same after encoding.
func FuzzParseKVSimple(f *testing.F) {
	f.Add([]byte("key"), []byte("12345678"), []byte("value"))
	f.Add([]byte(nil), []byte("short"), []byte(nil))
	f.Fuzz(func(t *testing.T, key, sequence, body []byte) {
		m := zmq.NewMessage(key, sequence, body)
		kv, err := parseKVSimple(m)
		if (err == nil) != (len(sequence) == 8) {
			t.Fatalf("sequence number %q: %v", sequence, err)
		}
		if err == nil && zmq.NewMessage(kv.frames()...).String() != m.String() {
			t.Fatalf("%q, want %q", kv.frames(), m)
		}
	})
}

func TestCloneClientReturnsWhatItSets(t *testing.T) {
	c, err := newCloneClient(newOutput(), "/a/")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	must(c.set(t.Context(), "/a/b", []byte("1"), 0))
	if value, ok := c.get("/a/b"); !ok || string(value) != "1" {
		t.Errorf("%q, %v", value, ok)
	}
	must(c.set(t.Context(), "/a/b", nil, 0))
	if _, ok := c.get("/a/b"); ok {
		t.Error("an empty value has not deleted the key")
	}
}
