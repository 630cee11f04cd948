package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/bcrypt"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
)

// hash returns a bcrypt hash of minimum cost.
func hash(password string) string {
	return string(must(bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)))
}

func TestUsersFileHasPasswordsAndHashes(t *testing.T) {
	long := strings.Repeat("x", 72)
	path := filepath.Join(t.TempDir(), "users")
	apache := strings.Replace(hash("web"), "$2a$", "$2y$", 1) // as htpasswd writes it
	writeFile(t, path, "# users\n\nalice=secret\r\nbob = a b=c:$d \ncarol:"+hash("sesame")+"\ndave:"+apache+"\n"+
		"erin:"+hash(long)+"\nfrank:x=y\ngrace=$2y\nheidi=$ecret$7\n"+strings.Repeat("n", 255)+"="+strings.Repeat("p", 255), 0o600)
	u, err := auth.ReadUsers(path)
	if err == nil || err.Error() != path+`:4: white space around the username "bob "` {
		t.Fatalf("%v, %v", u, err)
	}
	text := strings.Replace(string(must(os.ReadFile(path))), "bob = ", "bob=", 1)
	writeFile(t, path, text, 0o600)
	u = must(auth.ReadUsers(path))
	if u.Len() != 9 {
		t.Errorf("%d users", u.Len())
	}
	for _, tt := range []struct {
		name, password string
		want           bool
	}{
		{"alice", "secret", true},
		{"alice", "secret\r", false},
		{"alice", "Secret", false},
		{"alice", "", false},
		{"bob", "a b=c:$d ", true},
		{"bob", "a b=c:$d", false},
		{"carol", "sesame", true},
		{"carol", "secret", false},
		{"dave", "web", true},
		{"erin", long, true},
		{"erin", long + "y", false}, // bcrypt compares 72 bytes
		{"frank:x", "y", true},
		{"grace", "$2y", true},
		{"heidi", "$ecret$7", true},
		{"mallory", "secret", false},
		{"mallory", "", false},
		{"", "", false},
		{"# users", "", false},
		{strings.Repeat("n", 255), strings.Repeat("p", 255), true},
	} {
		if ok, err := u.Check(t.Context(), tt.name, tt.password); ok != tt.want || err != nil {
			t.Errorf("%.10q with password %.10q: %v, %v, want %v", tt.name, tt.password, ok, err, tt.want)
		}
	}
}

func TestMalformedUsersFileIsRefusedWithFileAndLine(t *testing.T) {
	good := hash("x")
	for text, want := range map[string]string{
		"alice=secret\nbob":                       ":2: neither name=password nor name:$hash",
		"alice=secret\nbob:secret":                ":2: neither name=password nor name:$hash",
		"=secret":                                 ":1: no username",
		"\n\nalice=":                              `:3: empty password of user "alice"`,
		"alice=secret\n\nalice=other":             `:3: second password of user "alice"; the first one is in line 1`,
		"alice:$argon2id$v=19$m=65536,t=3$secret": `:1: hash of user "alice" is not a bcrypt hash, which begins with $2`,
		"alice:$2y$10$secret":                     `:1: hash of user "alice": bcrypt hash of 13 characters, want 60`,
		"alice:" + good[:30] + "!" + good[31:]:    `:1: hash of user "alice": malformed bcrypt hash`,
		"alice:$2y$xx" + good[6:]:                 `:1: hash of user "alice": malformed bcrypt hash`,
		"alice:$2y$31" + good[6:]:                 `:1: hash of user "alice": bcrypt cost of 31, at most 16 is possible`,
		strings.Repeat("n", 256) + "=secret":      ":1: username of 256 bytes, at most 255 are possible",
		"alice=" + strings.Repeat("secret", 50):   ":1: password of 300 bytes, at most 255 are possible",
		"alice =secret":                           `:1: white space around the username "alice "`,
		"alice=" + good:                           `:1: password of user "alice" has the form of a hash, which follows a colon and not "="`,
		"alice=$2y$10$secret":                     `:1: password of user "alice" has the form of a hash, which follows a colon and not "="`,
		"alice=$6$secret":                         `:1: password of user "alice" has the form of a hash, which follows a colon and not "="`,
		"alice=$apr1$secret":                      `:1: password of user "alice" has the form of a hash, which follows a colon and not "="`,
		"alice=$argon2id$v=19$m=65536,t=3$secret": `:1: password of user "alice" has the form of a hash, which follows a colon and not "="`,
	} {
		path := filepath.Join(t.TempDir(), "users")
		writeFile(t, path, text, 0o600)
		u, err := auth.ReadUsers(path)
		if u != nil || err == nil || err.Error() != path+want {
			t.Errorf("%.40q: %v, %v; want PATH%s", text, u, err, want)
		}
		if err != nil && strings.Contains(strings.TrimPrefix(err.Error(), path), "secret") {
			t.Errorf("%.40q: the error has the password: %v", text, err)
		}
	}
	if _, err := auth.ReadUsers(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestUsersFileThatOthersCanUseIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	plain, hashed := "alice=secret", "alice:"+hash("secret")
	for _, tt := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{plain, 0o600, ""},
		{plain, 0o400, ""},
		{plain, 0o640, "read"},
		{plain, 0o604, "read"},
		{hashed, 0o644, ""},
		{hashed, 0o664, "write"},
		{hashed, 0o646, "write"},
		{hashed + "\nbob=secret", 0o640, "read"},
	} {
		path := filepath.Join(t.TempDir(), "users")
		writeFile(t, path, tt.text, tt.mode)
		u, err := auth.ReadUsers(path)
		if tt.want == "" && (err != nil || u == nil) || tt.want != "" && (u != nil || err == nil || !strings.Contains(err.Error(), "can "+tt.want)) {
			t.Errorf("%.10q with mode %#o: %v, %v", tt.text, tt.mode, u, err)
		}
	}
}

func TestPrintedUsersHaveNoPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeFile(t, path, "alice=secret\nbob:"+hash("sesame"), 0o600)
	u := must(auth.ReadUsers(path))
	p := auth.Policy{Users: u}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, v := range []any{u, *u} {
			if s := fmt.Sprintf(verb, v); s != "2 users" {
				t.Errorf("%s of %T: %s", verb, v, s)
			}
		}
		for _, v := range []any{p, &p, struct{ U auth.Users }{*u}} {
			if s := fmt.Sprintf(verb, v); !strings.Contains(s, "2 users") || strings.Contains(s, "alice") || strings.Contains(s, "616c") {
				t.Errorf("%s of %T: %s", verb, v, s)
			}
		}
	}
}

// With a hash in the file, every check compares a hash, so that the time does not
// show which users exist. A check that is about to do so notices that its context has
// ended.
func TestCheckOfUnknownUserComparesHash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeFile(t, path, "alice=secret\nbob:"+hash("sesame"), 0o600)
	u := must(auth.ReadUsers(path))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"mallory", "alice", "bob"} {
		if _, err := u.Check(ctx, name, "guess"); !errors.Is(err, context.Canceled) {
			t.Errorf("a check of %s does not compare a hash: %v", name, err)
		}
	}
}

// Passwords from one address, each of which takes long to compare, do not delay those
// from another one by more than a comparison.
func TestComparisonsOfSourcesAreDoneInTurn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeFile(t, path, "alice:"+hash("secret"), 0o600)
	synctest.Test(t, func(t *testing.T) {
		users := must(auth.ReadUsers(path))
		users.CompareAtOnce(1)
		if err := users.Occupy(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var done []string
		var group sync.WaitGroup
		login := func(ip, password string, accepted bool) {
			group.Go(func() {
				_, err := auth.Policy{Users: users}.Authenticate(t.Context(), &zmq.AuthRequest{
					Mechanism: "PLAIN", Username: "alice", Password: password, RemoteAddr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1},
				})
				mu.Lock()
				defer mu.Unlock()
				if (err == nil) != accepted {
					t.Errorf("%s: %v", ip, err)
				}
				done = append(done, ip)
			})
			synctest.Wait()
		}
		for range 20 {
			login("10.0.0.1", "wrong", false)
		}
		login("10.0.0.2", "secret", true)
		users.Vacate("another")
		group.Wait()
		if before := slices.Index(done, "10.0.0.2"); len(done) != 21 || before > 3 {
			t.Errorf("of %d passwords %d were compared before that of the other address", len(done), before)
		}
	})
}
