package pipe_test

import (
	"testing"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pipe"
)

// TestWithdrawRemovesFromLentBatch withdraws messages from a batch that its reader
// has lent, and from the queue after it. The messages that have begun stay, and all
// messages stay after Reclaim. Each message counts as withdrawn, unsent or written.
func TestWithdrawRemovesFromLentBatch(t *testing.T) {
	for _, size := range []int{10, 5000, 30_000} {
		for begun := range 3 {
			written := uint64(0)
			e := newEnds(t, pipe.Config{Pooled: true, Written: &written})
			named := func(name string) message { return message{name, "", body(size)} }
			withdraw := func(max int, names ...string) (got []message) {
				e.write(func() {
					for _, m := range e.Withdraw(max, func(first []byte) bool {
						for _, name := range names {
							if name == string(first) {
								return true
							}
						}
						return false
					}) {
						got = append(got, framesOf(&m))
					}
				})
				return got
			}
			want := func(step string, got []message, names ...string) {
				t.Helper()
				var want []message
				for _, name := range names {
					want = append(want, named(name))
				}
				if !equalMessages(got, want) {
					t.Errorf("%d bytes, %d begun, %s: %.200q, want %q", size, begun, step, got, names)
				}
			}
			wantUnsent := func(n int) {
				t.Helper()
				e.write(func() {
					if got := e.Unsent(); got != n {
						t.Errorf("%d bytes, %d begun: Unsent() = %d, want %d", size, begun, got, n)
					}
				})
			}

			e.put(named("a"), named("b"), named("c"), named("d"), named("e"))
			var b msg.Batch
			e.Take(&b)
			e.put(named("f"), named("g"))
			want("taken and not lent", withdraw(9, "c"))
			e.Lend(&b, begun)
			first := []string{"a", "b"}
			kept := first[:begun]
			want("lent", withdraw(9, "a", "b", "c", "e", "g"), append(first[begun:2:2], "c", "e", "g")...)
			wantUnsent(begun + 2)
			want("no more than max", withdraw(1, "d", "f"), "d")
			e.Reclaim()
			want("reclaimed", withdraw(9, "a", "b"))
			if b.Msgs != begun {
				t.Errorf("the batch has %d messages", b.Msgs)
			}
			n := b.Bytes
			want("the batch", readBatch(&b), kept...)
			if b.Counted {
				e.Ack(b.Msgs, n)
			}
			b.Recycle()
			e.Take(&b)
			wantUnsent(1)
			if written != uint64(begun) {
				t.Errorf("%d bytes: %d count as written, want %d", size, written, begun)
			}
			want("the queue", readBatch(&b), "f")
			b.Recycle()
		}
	}
}
