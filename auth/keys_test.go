package auth_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// wantKey checks whether a key is accepted, with which user ID.
func wantKey(t *testing.T, keys *auth.Keys, key curve.PublicKey, user string) {
	t.Helper()
	id, err := keys.Lookup(key)
	switch {
	case user == "" && !errors.Is(err, auth.ErrUnknownKey):
		t.Errorf("user %q, error %v, want unknown", id.UserID, err)
	case user != "" && (err != nil || id.UserID != user):
		t.Errorf("user %q, error %v, want %q", id.UserID, err, user)
	}
}

func TestKeysInMemoryAreAllowedAndRevoked(t *testing.T) {
	var keys auth.Keys
	a, b := newKey(), newKey()
	wantKey(t, &keys, a, "")
	keys.Allow(a, b)
	wantKey(t, &keys, a, a.String())
	keys.Revoke(a)
	wantKey(t, &keys, a, "")
	wantKey(t, &keys, b, b.String())
	keys.Allow(a)
	wantKey(t, &keys, a, a.String())
	keys.Allow(curve.PublicKey{})
	wantKey(t, &keys, curve.PublicKey{}, "")
}

func TestKeysAreThoseOfTheDirectory(t *testing.T) {
	dir := t.TempDir()
	named, unnamed, secret, backup, hidden, nested, revoked := newKey(), newKey(), newKey(), newKey(), newKey(), newKey(), newKey()
	writeCert(t, dir, "a", named, zcert.Property{Name: "name", Value: "alice"}, zcert.Property{Name: "role", Value: "writer"})
	writeCert(t, dir, "b.cert", unnamed)
	writeCert(t, dir, "c_secret", secret)
	writeCert(t, dir, "d~", backup)
	writeCert(t, dir, ".e", hidden)
	writeCert(t, dir, "f", revoked)
	if err := os.Mkdir(filepath.Join(dir, "g"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeCert(t, filepath.Join(dir, "g"), "nested", nested)
	keys := must(auth.OpenKeys(dir, func(err error) { t.Error(err) }))
	wantKey(t, keys, named, "alice")
	wantKey(t, keys, unnamed, unnamed.String())
	for _, k := range []curve.PublicKey{secret, backup, hidden, nested, newKey(), {}} {
		wantKey(t, keys, k, "")
	}
	id := must(keys.Lookup(named))
	if want := map[string]string{"name": "alice", "role": "writer"}; !maps.Equal(id.Metadata, want) {
		t.Errorf("metadata %v, want %v", id.Metadata, want)
	}
	clear(id.Metadata)
	if len(must(keys.Lookup(named)).Metadata) != 2 {
		t.Error("the caller can change the metadata")
	}
	keys.Revoke(revoked)
	wantKey(t, keys, revoked, "")
}

// A change of the directory has effect within a second. A malformed file has no
// effect on the others, and is reported once.
func TestKeysFollowTheDirectory(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var reported []string
		a, b, c := newKey(), newKey(), newKey()
		writeCert(t, dir, "a", a)
		keys := must(auth.OpenKeys(dir, func(err error) { reported = append(reported, strings.TrimPrefix(err.Error(), dir)) }))
		want := func(present ...curve.PublicKey) {
			t.Helper()
			for _, k := range []curve.PublicKey{a, b, c} {
				user := ""
				if slices.Contains(present, k) {
					user = k.String()
				}
				wantKey(t, keys, k, user)
			}
		}
		writeCert(t, dir, "b", b)
		want(a, b) // an unknown key makes it look at the directory
		writeCert(t, dir, "c", c)
		keys.SetPollCost(10 * time.Millisecond)
		time.Sleep(200*time.Millisecond - 1)
		want(a, b) // but not more than a twentieth of the time
		time.Sleep(time.Nanosecond)
		want(a, b, c)
		if err := os.Remove(filepath.Join(dir, "c")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second - 1)
		want(a, b, c)
		time.Sleep(time.Nanosecond)
		want(a, b)

		writeFile(t, filepath.Join(dir, "b"), "malformed", 0o644)
		time.Sleep(time.Second)
		want(a)
		time.Sleep(time.Second)
		want(a)
		if len(reported) != 1 || !strings.HasPrefix(reported[0], "/b") {
			t.Errorf("reported %q", reported)
		}
		writeCert(t, dir, "b", a)
		time.Sleep(time.Second)
		want(a)
		if len(reported) != 2 || reported[1] != "/b has the same public key as a, and is not used" {
			t.Errorf("reported %q", reported)
		}
		if err := os.Remove(filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		want(a) // from b
		writeCert(t, dir, "b", c)
		time.Sleep(time.Second)
		want(c)
		if len(reported) != 2 {
			t.Errorf("reported %q", reported)
		}
	})
}

// Two certificates have the same size, and a file may be replaced within the
// resolution of its modification time.
func TestChangeWithTheSameModificationTimeIsRead(t *testing.T) {
	dir := t.TempDir()
	a, b := newKey(), newKey()
	path := filepath.Join(dir, "client")
	now := time.Now()
	write := func(key curve.PublicKey) {
		writeFile(t, path, fmt.Sprintf("curve\n    public-key = '%v'\n", key), 0o644)
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
	}
	write(a)
	keys := must(auth.OpenKeys(dir, nil))
	wantKey(t, keys, a, a.String())
	write(b)
	time.Sleep(time.Second + 10*time.Millisecond) // file systems have no virtual time
	wantKey(t, keys, b, b.String())
	wantKey(t, keys, a, "")
}

// Two keys of one user are possible, as while a key is replaced, but they may also
// be an error: they are reported, once for each change.
func TestCertificatesWithTheSameNameAreReported(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var reported []string
		a, b := newKey(), newKey()
		name := zcert.Property{Name: "name", Value: "alice"}
		writeCert(t, dir, "a", a, name)
		writeCert(t, dir, "b", b, name)
		keys := must(auth.OpenKeys(dir, func(err error) { reported = append(reported, strings.TrimPrefix(err.Error(), dir)) }))
		for range 3 {
			time.Sleep(time.Second)
			wantKey(t, keys, a, "alice")
			wantKey(t, keys, b, "alice")
		}
		if want := []string{`/b has the same user ID as a, "alice": the owner of either key is this user`}; !slices.Equal(reported, want) {
			t.Errorf("reported %q, want %q", reported, want)
		}
		writeCert(t, dir, "a", a)
		time.Sleep(time.Second)
		wantKey(t, keys, a, a.String())
		wantKey(t, keys, b, "alice")
		if len(reported) != 1 {
			t.Errorf("reported %q", reported)
		}
		writeCert(t, dir, "b", b, zcert.Property{Name: "name", Value: a.String()})
		time.Sleep(time.Second)
		wantKey(t, keys, b, a.String())
		if len(reported) != 2 {
			t.Errorf("reported %q", reported)
		}
	})
}

// The owner of the directory decides which keys are in it.
func TestKeysThatOthersCanWriteAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := filepath.Join(t.TempDir(), "keys")
	for _, tt := range []struct {
		dir, file os.FileMode
		want      string
	}{
		{0o755, 0o644, ""},
		{0o500, 0o400, ""},
		{0o775, 0o644, "keys: other users can write to it (mode 0775): use chmod go-w"},
		{0o757, 0o644, "keys: other users can write to it (mode 0757): use chmod go-w"},
		{0o777 | os.ModeSticky, 0o644, "keys: other users can write to it (mode 0777): use chmod go-w"},
		{0o755, 0o664, "keys/a: other users can write to it (mode 0664): use chmod go-w"},
		{0o755, 0o646, "keys/a: other users can write to it (mode 0646): use chmod go-w"},
	} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		a, b := newKey(), newKey()
		writeCert(t, dir, "a", a)
		writeCert(t, dir, "b", b)
		if err := errors.Join(os.Chmod(filepath.Join(dir, "a"), tt.file), os.Chmod(dir, tt.dir)); err != nil {
			t.Fatal(err)
		}
		var reported error
		keys, err := auth.OpenKeys(dir, func(err error) { reported = errors.Join(reported, err) })
		if tt.dir&0o022 != 0 {
			if keys != nil {
				t.Errorf("directory with mode %v: no error", tt.dir)
			}
			reported = err
		} else if err != nil {
			t.Errorf("directory with mode %v: %v", tt.dir, err)
		} else {
			user := a.String()
			if tt.want != "" {
				user = ""
			}
			wantKey(t, keys, a, user)
			wantKey(t, keys, b, b.String())
		}
		if text := fmt.Sprint(reported); (reported != nil) != (tt.want != "") || !strings.HasSuffix(text, tt.want) && reported != nil {
			t.Errorf("directory with mode %v, file with mode %v: %v, want %q", tt.dir, tt.file, reported, tt.want)
		}
		if err := errors.Join(os.Chmod(dir, 0o700), os.RemoveAll(dir)); err != nil {
			t.Fatal(err)
		}
	}
}

// A change of permissions has effect like other changes.
func TestKeysThatOthersCanWriteLaterAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newKey()
		writeCert(t, dir, "a", a)
		reported := 0
		keys := must(auth.OpenKeys(dir, func(error) { reported++ }))
		chmod := func(name string, mode os.FileMode) {
			if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		wantKey(t, keys, a, a.String())
		chmod("a", 0o666)
		wantKey(t, keys, a, "")
		chmod("a", 0o644)
		wantKey(t, keys, a, a.String())
		chmod("", 0o777)
		if _, err := keys.Lookup(a); !errors.Is(err, zmq.ErrAuthUnavailable) {
			t.Errorf("error %v", err)
		}
		chmod("", 0o755)
		wantKey(t, keys, a, a.String())
		if reported != 2 {
			t.Errorf("reported %d times, want twice", reported)
		}
	})
}

// Without the directory no decision is possible, except about keys in memory.
func TestKeysOfUnreadableDirectoryAreUnavailable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := auth.OpenKeys(dir, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		a, b := newKey(), newKey()
		writeCert(t, dir, "a", a)
		reported := 0
		keys := must(auth.OpenKeys(dir, func(error) { reported++ }))
		keys.Allow(b)
		if err := os.Rename(dir, dir+"2"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(time.Second)
			if _, err := keys.Lookup(a); !errors.Is(err, zmq.ErrAuthUnavailable) {
				t.Errorf("error %v", err)
			}
			wantKey(t, keys, b, b.String())
		}
		if reported != 1 {
			t.Errorf("reported %d times", reported)
		}
		if err := os.Rename(dir+"2", dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		wantKey(t, keys, a, a.String())
	})
}
