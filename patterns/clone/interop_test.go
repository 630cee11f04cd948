package clone_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/clone"
	"github.com/zerobroker/zmq/patterns/internal/pyzmqtest"
)

func TestClientOfForeignServer(t *testing.T) {
	f := pyzmqtest.Start(t, "server")
	at := strings.Fields(f.Line())
	c, err := clone.NewClient([]clone.Endpoints{{Snapshot: at[0], Publisher: at[1], Collector: at[2]}}, nil)
	must(t, err)
	defer c.Close()
	must(t, c.WaitSynced(t.Context()))
	if value, ok := c.Get("/first"); !ok || string(value) != "1" {
		t.Errorf("value %q", value)
	}
	must(t, c.Set(t.Context(), "/second", []byte("2"), 3*time.Second))
	f.Prints("set /second 2 ttl=3;")
	if value, _ := c.Get("/second"); string(value) != "2" {
		t.Errorf("value %q", value)
	}
	must(t, c.Delete(t.Context(), "/first"))
	f.Prints("set /first  ")
	if keys := c.Keys(""); len(keys) != 1 {
		t.Errorf("keys %q", keys)
	}
}

func TestForeignClientOfServer(t *testing.T) {
	ends := freeEndpoints(t)
	s, err := clone.NewServer(ends, &clone.ServerOptions{Heartbeat: 200 * time.Millisecond})
	must(t, err)
	defer s.Close()
	go s.Run(t.Context())
	c, err := clone.NewClient([]clone.Endpoints{ends}, nil)
	must(t, err)
	defer c.Close()
	must(t, c.Set(t.Context(), "/a/1", []byte("one"), 0))
	must(t, c.Set(t.Context(), "/b/1", []byte("two"), 0))
	f := pyzmqtest.Start(t, "client", ends.Snapshot, ends.Publisher, ends.Collector, "/a/")
	f.Prints("sync /a/1 one", "end 2", "hugz")
	must(t, c.Set(t.Context(), "/a/2", []byte("x"), 9*time.Second))
	must(t, c.Set(t.Context(), "/b/2", []byte("x"), 0))
	f.Prints("pub /a/2 x ttl=9;")
	fmt.Fprintln(f.In, "/a/3 foreign 1")
	f.Prints("pub /a/3 foreign ttl=1;", "pub /a/3  ") // it expires
}

// freeEndpoints returns endpoints whose ports are free.
func freeEndpoints(t testing.TB) clone.Endpoints {
	t.Helper()
	var ends [3]string
	for i := range ends {
		pull, err := zmq.NewPull(nil)
		check(t, err)
		ends[i], err = pull.Bind("tcp://127.0.0.1:*")
		check(t, err)
		defer pull.Close()
	}
	return clone.Endpoints{Snapshot: ends[0], Publisher: ends[1], Collector: ends[2]}
}
