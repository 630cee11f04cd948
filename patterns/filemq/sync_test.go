package filemq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/patterns/filemq"
	"github.com/zerobroker/zmq/patterns/internal/simnet"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file with its directories.
func put(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

// tree returns the files of a directory and their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, err := os.ReadFile(filepath.Join(dir, name))
			files[name] = string(b)
			return err
		}
		return err
	}))
	return files
}

func wantTree(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := tree(t, dir)
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s has %d bytes, want %d", name, len(got[name]), len(content))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

func server(t *testing.T, n simnet.Network, root string, o filemq.ServerOptions) *filemq.Server {
	t.Helper()
	o.Root, o.Socket = root, n.Options()
	s, err := filemq.NewServer(&o)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	_, err = s.Bind("sim://server")
	must(t, err)
	return s
}

func client(t *testing.T, n simnet.Network, inbox string, o filemq.ClientOptions) *filemq.Client {
	t.Helper()
	o.Inbox, o.Socket = inbox, n.Options()
	c, err := filemq.NewClient("sim://server", &o)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func wantChange(t *testing.T, c *filemq.Client, want filemq.Change) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if got, err := c.Recv(ctx); err != nil || got != want {
		t.Fatalf("change %v, %v; want %v; %+v", got, err, want, c.Stats())
	}
}

// Files that exist, are created, changed and deleted reach the inbox; others do not.
func TestFilesOfSubscribedPathsReachTheInbox(t *testing.T) {
	root, inbox := t.TempDir(), t.TempDir()
	put(t, root, "pub/one", "1")
	put(t, root, "private/x", "secret")
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := server(t, n, root, filemq.ServerOptions{})
		c := client(t, n, inbox, filemq.ClientOptions{Paths: []string{"/pub/", "/later"}})
		wantChange(t, c, filemq.Change{Name: "pub/one"})
		put(t, root, "pub/deep/two", strings.Repeat("2", 1_000_000))
		put(t, root, "pub/empty", "")
		wantChange(t, c, filemq.Change{Name: "pub/deep/two"})
		wantChange(t, c, filemq.Change{Name: "pub/empty"})
		put(t, root, "pub/one", "changed")
		wantChange(t, c, filemq.Change{Name: "pub/one"})
		must(t, os.Remove(filepath.Join(root, "pub", "empty")))
		wantChange(t, c, filemq.Change{Name: "pub/empty", Deleted: true})
		put(t, root, "later.txt", "3")
		wantChange(t, c, filemq.Change{Name: "later.txt"})
		wantTree(t, inbox, map[string]string{"pub/one": "changed", "pub/deep/two": strings.Repeat("2", 1_000_000), "later.txt": "3"})
		if st := s.Stats(); st.Clients != 1 || st.Files != 4 || !st.Complete || st.Invalid+st.Malformed != 0 {
			t.Errorf("%+v", st)
		}
		must(t, c.Close())
		time.Sleep(time.Second)
		if st := s.Stats(); st.Clients != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// 35/FILEMQ, The ICANHAZ Command: with RESYNC, files whose digest the client has are not
// sent again.
func TestRestartedClientReceivesOnlyWhatItDoesNotHave(t *testing.T) {
	root, inbox := t.TempDir(), t.TempDir()
	for i := range 20 {
		put(t, root, fmt.Sprint("f", i), strings.Repeat("x", 1000*i))
	}
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := server(t, n, root, filemq.ServerOptions{})
		c := client(t, n, inbox, filemq.ClientOptions{})
		time.Sleep(5 * time.Second)
		must(t, c.Close())
		before := s.Stats().Bytes
		put(t, root, "f3", "other")
		time.Sleep(5 * time.Second)
		c = client(t, n, inbox, filemq.ClientOptions{})
		wantChange(t, c, filemq.Change{Name: "f3"})
		time.Sleep(5 * time.Second)
		if st := s.Stats(); before < 180_000 || st.Bytes != before+5 {
			t.Errorf("%d bytes and then %d", before, st.Bytes-before)
		}
		wantTree(t, inbox, tree(t, root))
	})
}

// A script of cut connections, restarts of both sides and changes of files, after which the
// inbox has what the server has. No file that is there was ever incomplete.
func TestInboxConvergesAfterFaults(t *testing.T) {
	t.Parallel()
	for range 2 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) { converge(t, seed) })
	}
}

func converge(t *testing.T, seed uint64) {
	root, inbox := t.TempDir(), t.TempDir()
	r := rand.New(rand.NewPCG(seed, 3))
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(seed)
		so := filemq.ServerOptions{ChunkSize: 1000}
		co := filemq.ClientOptions{Credit: 5000, Timeout: 3 * time.Second}
		s, c := server(t, n, root, so), client(t, n, inbox, co)
		for range 150 {
			switch r.IntN(12) {
			case 0:
				n.Cut()
			case 1:
				must(t, s.Close())
				s = server(t, n, root, so)
			case 2:
				must(t, c.Close())
				c = client(t, n, inbox, co)
			default:
				// The content shows whether it is complete.
				content := strings.Repeat(string(rune('a'+r.IntN(26))), 10*r.IntN(2000))
				put(t, root, fmt.Sprintf("d%d/f%d", r.IntN(3), r.IntN(5)), fmt.Sprintf("%06d", len(content))+content)
			}
			time.Sleep(time.Duration(r.IntN(800)) * time.Millisecond)
			for name, content := range tree(t, inbox) {
				var size int
				if fmt.Sscanf(content[:min(6, len(content))], "%06d", &size); !strings.Contains(name, "part") && size != len(content)-6 {
					t.Fatalf("seed %d: %s has %d bytes of %d", seed, name, len(content), size)
				}
			}
		}
		time.Sleep(time.Minute)
		wantTree(t, inbox, tree(t, root))
		if st := c.Stats(); st.BadNames+st.StoreErrors+st.OverLimit != 0 {
			t.Errorf("seed %d: %+v", seed, st)
		}
	})
}

func TestClientLimitsAndErrorsOfTheDirectory(t *testing.T) {
	root, inbox := t.TempDir(), t.TempDir()
	put(t, root, "big", strings.Repeat("b", 5001))
	put(t, root, "blocked/x", "1")
	put(t, root, "ok", "2")
	put(t, inbox, "blocked", "a file where a directory is needed")
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		server(t, n, root, filemq.ServerOptions{ChunkSize: 1000})
		c := client(t, n, inbox, filemq.ClientOptions{MaxFileSize: 5000, MaxFiles: 2, Credit: 2000})
		wantChange(t, c, filemq.Change{Name: "ok"})
		put(t, root, "one more", "3")
		time.Sleep(5 * time.Second)
		if st := c.Stats(); st.OverLimit < 2 || st.Sessions != 1 {
			t.Errorf("%+v", st)
		}
		must(t, os.Remove(filepath.Join(inbox, "ok")))
		must(t, os.Remove(filepath.Join(inbox, "blocked")))
	})
}

func TestRefusedClientReportsTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := server(t, n, t.TempDir(), filemq.ServerOptions{Authorize: func(_ zmq.PeerInfo, path string) error {
			return fmt.Errorf("no access to %s", path)
		}})
		c := client(t, n, t.TempDir(), filemq.ClientOptions{Paths: []string{"/x"}})
		_, err := c.Recv(context.Background())
		if !errors.Is(err, filemq.ErrRefused) || !strings.Contains(err.Error(), "no access to /x") {
			t.Fatal(err)
		}
		if st := s.Stats(); st.Refused != 1 || st.Clients != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestConstructorsAndCloseReportErrors(t *testing.T) {
	for _, o := range []filemq.ServerOptions{{Root: t.TempDir(), ChunkSize: -1}, {Root: t.TempDir(), ChunkSize: 1 << 30}} {
		if _, err := filemq.NewServer(&o); !errors.Is(err, filemq.ErrInvalidOption) {
			t.Error(err)
		}
	}
	if _, err := filemq.NewServer(nil); err == nil {
		t.Error("a server without a directory")
	}
	if _, err := filemq.NewClient("tcp://127.0.0.1:1", &filemq.ClientOptions{Inbox: t.TempDir(), Paths: []string{"x"}}); !errors.Is(err, filemq.ErrInvalidOption) {
		t.Error(err)
	}
	if _, err := filemq.NewClient("nonsense", &filemq.ClientOptions{Inbox: t.TempDir()}); !errors.Is(err, zmq.ErrInvalidEndpoint) {
		t.Error(err)
	}
	c, err := filemq.NewClient("inproc://nowhere", &filemq.ClientOptions{Inbox: t.TempDir()})
	must(t, err)
	errs := make(chan error, 1)
	go func() {
		_, err := c.Recv(context.Background())
		errs <- err
	}()
	must(t, c.Close())
	if err := <-errs; !errors.Is(err, filemq.ErrClosed) || !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// raw is a client that speaks the protocol by hand.
type raw struct {
	t *testing.T
	*zmq.Dealer
}

func newRaw(t *testing.T, n simnet.Network) raw {
	d, err := zmq.NewDealer(n.Options())
	must(t, err)
	t.Cleanup(func() { d.Close() })
	must(t, d.Connect("sim://server"))
	return raw{t, d}
}

func (r raw) send(commands ...string) {
	r.t.Helper()
	for _, c := range commands {
		must(r.t, r.Send(context.Background(), []byte(c)))
	}
}

func (r raw) want(command string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if m, err := r.Recv(ctx); err != nil || !bytes.HasPrefix(m.Bytes(), []byte(command)) {
		r.t.Fatalf("received %.60q, %v; want %q", m.Bytes(), err, command)
	}
}

// Commands written out.
const (
	ohai      = "\xaa\xa3\x01\x06FILEMQ\x00\x02"
	ohaiOK    = "\xaa\xa3\x04"
	icanhaz   = "\xaa\xa3\x05\x01/\x00\x00\x00\x01\x06RESYNC\x00\x00\x00\x011\x00\x00\x00\x00"
	icanhazOK = "\xaa\xa3\x06"
	burger    = "\xaa\xa3\x08"
	hugz      = "\xaa\xa3\x09"
	hugzOK    = "\xaa\xa3\x0a"
	kthxbai   = "\xaa\xa3\x0b"
	srsly     = "\xaa\xa3\x80"
	rtfm      = "\xaa\xa3\x81"
)

func nom(credit uint64) string {
	b := []byte("\xaa\xa3\x07")
	for i := 7; i >= 0; i-- {
		b = append(b, byte(credit>>(8*i)))
	}
	return string(append(b, make([]byte, 8)...))
}

// 35/FILEMQ: unexpected and invalid commands are answered with RTFM, those with a wrong
// signature are not answered.
func TestServerAnswersInvalidCommandsWithRtfm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := server(t, n, t.TempDir(), filemq.ServerOptions{MaxClients: 1, MaxSubscriptions: 2})
		r := newRaw(t, n)
		for _, bad := range []string{hugz, icanhaz, nom(1), "\xaa\xa3\x63", "\xaa\xa3\x01\x06FILEMQ\x00\x03", "\xaa\xa3\x01\x06filemq\x00\x02"} {
			r.send(bad)
			r.want(rtfm)
		}
		for _, bad := range []string{ohai, "\xaa\xa3\x05\x01x\x00\x00\x00\x00\x00\x00\x00\x00", burger, "\xaa\xa3\x07\x00"} {
			r.send(ohai, "xx", "", "\xaa\xa0\x01", hugz, bad)
			r.want(ohaiOK)
			r.want(hugzOK)
			r.want(rtfm)
		}
		r.send(ohai, icanhaz, icanhaz)
		r.want(ohaiOK)
		r.want(icanhazOK)
		r.want(icanhazOK)
		other := newRaw(t, n)
		other.send(ohai)
		other.want(srsly)
		for _, path := range []string{"/a", "/b"} {
			r.send("\xaa\xa3\x05\x02" + path + "\x00\x00\x00\x00\x00\x00\x00\x00")
		}
		r.want(icanhazOK)
		r.want(srsly)
		other.send(ohai, kthxbai, ohai)
		other.want(ohaiOK)
		other.want(ohaiOK)
		time.Sleep(time.Minute)
		if st := s.Stats(); st.Invalid != 10 || st.Malformed != 12 || st.Refused != 2 || st.Expired != 1 || st.Clients != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// 35/FILEMQ, The NOM Command: the server sends only as much as the client has credit for.
func TestServerSendsNoMoreThanTheCredit(t *testing.T) {
	root := t.TempDir()
	put(t, root, "f", strings.Repeat("x", 10_000))
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		s := server(t, n, root, filemq.ServerOptions{ChunkSize: 1000})
		time.Sleep(3 * time.Second)
		r := newRaw(t, n)
		r.send(ohai, icanhaz)
		r.want(ohaiOK)
		r.want(icanhazOK)
		sent := uint64(0)
		for _, credit := range []uint64{1, 999, 1500, 0} {
			r.send(nom(credit))
			time.Sleep(time.Second)
			if sent += credit; s.Stats().Bytes != sent {
				t.Fatalf("%d bytes with a credit of %d", s.Stats().Bytes, sent)
			}
		}
		r.send(nom(1<<64-1), nom(1<<64-1))
		time.Sleep(time.Second)
		if st := s.Stats(); st.Bytes != 10_000 {
			t.Fatalf("%+v", st)
		}
	})
}

// A client with much credit that does not read does not keep others from their files.
func TestClientThatDoesNotReadDelaysNoOther(t *testing.T) {
	t.Parallel()
	root, inbox := t.TempDir(), t.TempDir()
	for i := range 10 {
		put(t, root, fmt.Sprint("f", i), strings.Repeat("x", 100_000))
	}
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		server(t, n, root, filemq.ServerOptions{ChunkSize: 100})
		time.Sleep(3 * time.Second)
		for range 3 {
			r := newRaw(t, n)
			r.send(ohai, icanhaz, nom(1<<40))
		}
		time.Sleep(time.Second)
		start := time.Now()
		c := client(t, n, inbox, filemq.ClientOptions{Paths: []string{"/f7"}})
		wantChange(t, c, filemq.Change{Name: "f7"})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("after %s", d)
		}
	})
}

// A server cannot write outside of the inbox.
func TestClientIgnoresNamesOutsideOfTheInbox(t *testing.T) {
	inbox := t.TempDir()
	outside := filepath.Join(filepath.Dir(inbox), "outside")
	must(t, os.Symlink(filepath.Dir(inbox), filepath.Join(inbox, "link")))
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		r, err := zmq.NewRouter(n.Options())
		must(t, err)
		defer r.Close()
		_, err = r.Bind("sim://server")
		must(t, err)
		c := client(t, n, inbox, filemq.ClientOptions{})
		m, err := r.Recv(context.Background())
		must(t, err)
		reply := func(s string) { must(t, r.SendTo(context.Background(), m.RoutingID(), []byte(s))) }
		reply(ohaiOK)
		for i, name := range []string{"/../outside", "../outside", "/link/outside", "/ok"} {
			reply(burger + "\x00\x00\x00\x00\x00\x00\x00" + string(rune(i)) + "\x01" + string(rune(len(name))) + name + strings.Repeat("\x00", 8) + "\x01\x00\x00\x00\x00\x00\x00\x00\x01x")
		}
		wantChange(t, c, filemq.Change{Name: "ok"})
		if _, err := os.Stat(outside); err == nil {
			t.Error("the file outside exists")
		}
		if st := c.Stats(); st.BadNames != 2 || st.StoreErrors != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// A file that changes while it is sent is sent again from its beginning.
func TestFileThatChangesDuringItsTransferBeginsAgain(t *testing.T) {
	root := t.TempDir()
	put(t, root, "f", strings.Repeat("a", 5000))
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		server(t, n, root, filemq.ServerOptions{ChunkSize: 1000})
		time.Sleep(3 * time.Second)
		r := newRaw(t, n)
		r.send(ohai, icanhaz, nom(1000))
		r.want(ohaiOK)
		r.want(icanhazOK)
		r.want(burger + "\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02/f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\xe8aaaa")
		put(t, root, "f", strings.Repeat("b", 1000))
		time.Sleep(3 * time.Second)
		r.send(nom(5000))
		r.want(burger + "\x00\x00\x00\x00\x00\x00\x00\x01\x01\x02/f\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03\xe8bbbb")
	})
}

// A client that misses a chunk begins a new session, and stores no file that is incomplete.
func TestMissingChunkBeginsANewSession(t *testing.T) {
	inbox := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		r, err := zmq.NewRouter(n.Options())
		must(t, err)
		defer r.Close()
		_, err = r.Bind("sim://server")
		must(t, err)
		c := client(t, n, inbox, filemq.ClientOptions{})
		chunk := func(sequence, offset, eof byte) string {
			return fmt.Sprintf("%s%s%c\x01\x02/f%s%c%c\x00\x00\x00\x00\x00\x00\x00\x01x", burger, strings.Repeat("\x00", 7), sequence, strings.Repeat("\x00", 7), offset, eof)
		}
		// Each list of chunks is wrong, except the last one.
		for _, chunks := range [][]string{
			{chunk(0, 0, 0), chunk(2, 1, 1)},
			{chunk(1, 0, 1)},
			{chunk(0, 0, 0), chunk(1, 2, 1)},
			{chunk(0, 1, 1)},
			{chunk(0, 0, 0), chunk(1, 1, 1)},
		} {
			m, err := r.Recv(context.Background())
			for err == nil && string(m.Bytes()) != ohai {
				m, err = r.Recv(context.Background())
			}
			must(t, err)
			for _, s := range append([]string{ohaiOK}, chunks...) {
				must(t, r.SendTo(context.Background(), m.RoutingID(), []byte(s)))
			}
		}
		wantChange(t, c, filemq.Change{Name: "f"})
		wantTree(t, inbox, map[string]string{"f": "xx"})
		if st := c.Stats(); st.OutOfOrder != 4 || st.Sessions != 5 {
			t.Errorf("%+v", st)
		}
	})
}
