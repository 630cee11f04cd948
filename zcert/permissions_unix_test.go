//go:build unix

package zcert_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/zerobroker/zmq/zcert"
)

// setUmask sets the umask, which the whole process has, until the end of the
// test. No test of this package is parallel.
func setUmask(t *testing.T, mask int) {
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestSecretFileIsReadableOnlyByItsOwner(t *testing.T) {
	for mask, want := range map[int]fs.FileMode{0: 0o644, 0o022: 0o644, 0o027: 0o640, 0o077: 0o600} {
		setUmask(t, mask)
		path := write(t, zcert.Certificate{Key: key(t, serverSecret)})
		if got := mode(t, path+zcert.SecretSuffix); got != 0o600 {
			t.Errorf("umask %03o: the secret file has mode %v", mask, got)
		}
		if got := mode(t, path); got != want {
			t.Errorf("umask %03o: the public file has mode %v, want %v", mask, got, want)
		}
	}
}

// A secret key that other users can read is not secret, and one that they can
// change is theirs.
func TestReadRefusesSecretThatOthersCanUse(t *testing.T) {
	full := zcert.Certificate{Key: key(t, serverSecret), Public: public(t, serverPublic)}
	path := write(t, full)
	check := func(name string) {
		for mode, want := range map[fs.FileMode]string{
			0o600: "", 0o400: "", 0o700: "",
			0o640: "0640", 0o620: "0620", 0o604: "0604", 0o602: "0602", 0o644: "0644",
		} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
			c, err := zcert.Read(path)
			if want == "" {
				expect(t, c, err, full)
			} else if want = name + ": other users can read or change it (mode " + want + "): use mode 0600"; err == nil || err.Error() != want || !c.Key.IsZero() {
				t.Errorf("mode %#o: %v, %v; want %s", mode, c, err, want)
			}
			c, err = zcert.ReadPublic(path)
			expect(t, c, err, zcert.Certificate{Public: full.Public})
		}
	}
	check(path + zcert.SecretSuffix)
	if err := os.Rename(path+zcert.SecretSuffix, path); err != nil {
		t.Fatal(err)
	}
	check(path)
}

// A reader that has opened the old file must not be able to read the new secret,
// and the permissions of the old file must not remain.
func TestWriteDoesNotWriteToAnExistingSecretFile(t *testing.T) {
	setUmask(t, 0)
	path := filepath.Join(t.TempDir(), "cert")
	if err := os.WriteFile(path+zcert.SecretSuffix, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path + zcert.SecretSuffix)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := (zcert.Certificate{Key: key(t, serverSecret)}).Write(path); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 1000)
	if n, _ := reader.Read(text); string(text[:n]) != "old" {
		t.Errorf("a reader of the old file reads\n%s", text[:n])
	}
	if got := mode(t, path+zcert.SecretSuffix); got != 0o600 {
		t.Errorf("the secret file has mode %v", got)
	}
}

func TestWriteReplacesASymbolicLinkInsteadOfFollowingIt(t *testing.T) {
	setUmask(t, 0)
	dir := t.TempDir()
	path, target := filepath.Join(dir, "cert"), filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path+zcert.SecretSuffix); err != nil {
		t.Fatal(err)
	}
	if err := (zcert.Certificate{Key: key(t, serverSecret)}).Write(path); err != nil {
		t.Fatal(err)
	}
	if text := readFile(t, target); text != "old" {
		t.Errorf("the target of the link is\n%s", text)
	}
	if got := mode(t, path+zcert.SecretSuffix); got != 0o600 {
		t.Errorf("the secret file has mode %v", got)
	}
}
