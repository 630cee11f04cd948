package auth_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

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
		"erin:"+hash(long)+"\nfrank:x=y\n"+strings.Repeat("n", 255)+"="+strings.Repeat("p", 255), 0o600)
	u, err := auth.ReadUsers(path)
	if err == nil || err.Error() != path+`:4: white space around the username "bob "` {
		t.Fatalf("%v, %v", u, err)
	}
	text := strings.Replace(string(must(os.ReadFile(path))), "bob = ", "bob=", 1)
	writeFile(t, path, text, 0o600)
	u = must(auth.ReadUsers(path))
	if u.Len() != 7 {
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
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, v := range []any{u, p} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "secret") || strings.Contains(s, "$2") || strings.Contains(s, "736563") {
				t.Errorf("%s: %s", verb, s)
			}
		}
	}
}

// With a hash in the file, every check compares a hash, so that the time does not
// show which users exist. A check that is about to do so may notice that its context
// has ended: each time with a probability of one half.
func TestCheckOfUnknownUserComparesHash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeFile(t, path, "alice=secret\nbob:"+hash("sesame"), 0o600)
	u := must(auth.ReadUsers(path))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"mallory", "alice", "bob"} {
		compares := false
		for range 40 {
			_, err := u.Check(ctx, name, "guess")
			compares = compares || errors.Is(err, context.Canceled)
		}
		if !compares {
			t.Errorf("a check of %s does not compare a hash", name)
		}
	}
}
