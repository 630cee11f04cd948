package zyre_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/patterns/zyre"
)

// 43/ZRE: nodes with CURVE enter with their proved keys, and ignore nodes without.
func TestNodesWithCurveKnowEachOthersKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		options := func() (curve.Key, zyre.Options) {
			key, err := curve.GenerateKey()
			must(t, err)
			o := w.net.Options()
			o.Security.Authenticator = zmq.AllowAny
			return key, zyre.Options{Key: key, Socket: o}
		}
		keyA, oa := options()
		keyB, ob := options()
		a, b := w.node(1, "a", oa), w.node(2, "b", ob)
		plain := w.node(3, "plain", zyre.Options{})
		want(t, a, "enter b")
		want(t, b, "enter a")
		if a.Peers()[0].PublicKey != keyB.Public() || b.Peers()[0].PublicKey != keyA.Public() {
			t.Fatal("wrong keys")
		}
		must(t, a.Whisper(b.UUID(), []byte("secret")))
		want(t, b, "whisper a secret")
		wantNone(t, plain, 30*time.Second)
		wantNone(t, a, time.Minute)
		if s := plain.Stats(); s.Pending != 0 || s.Drops.NoHello != 0 {
			t.Errorf("a node without CURVE connects to nodes with it: %+v", s)
		}
		must(t, b.Close())
		want(t, a, "exit b left")
	})
}
