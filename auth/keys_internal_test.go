package auth

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// A certificate that was replaced long after it was read is read again, although
// it has the size and the modification time of the earlier one, as after cp -p.
func TestReplacedCertificateOfSameSizeAndTimeIsRead(t *testing.T) {
	past := time.Unix(1e9, 0)
	write := func(path string) curve.PublicKey {
		key, err := curve.GenerateKey()
		if err == nil {
			err = zcert.Certificate{Public: key.Public()}.Write(path)
		}
		if err == nil {
			err = os.Chtimes(path, past, past)
		}
		if err != nil {
			t.Fatal(err)
		}
		return key.Public()
	}
	for name, replace := range map[string]func(path string) curve.PublicKey{
		"renamed": func(path string) curve.PublicKey {
			temp := filepath.Join(t.TempDir(), "new")
			key := write(temp)
			if err := os.Rename(temp, path); err != nil {
				t.Fatal(err)
			}
			return key
		},
		"overwritten": func(path string) curve.PublicKey {
			if runtime.GOOS == "windows" {
				t.Skip("Windows reports no other time of a change")
			}
			temp := filepath.Join(t.TempDir(), "new")
			key := write(temp)
			text, err := os.ReadFile(temp)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			// Until the clock of the file system has advanced.
			for before := changeTime(info); before.Equal(changeTime(info)); {
				if err := os.WriteFile(path, text, 0o644); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, past, past); err != nil {
					t.Fatal(err)
				}
				if info, err = os.Stat(path); err != nil {
					t.Fatal(err)
				}
			}
			return key
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "client")
			later := time.Now().Add(time.Hour)
			old := write(path)
			c, ok := read(path, certificate{}, later)
			if !ok || c.err != nil || c.key != old || c.recent {
				t.Fatalf("%+v, %v", c, ok)
			}
			key := replace(path)
			if c, ok = read(path, c, later); !ok || c.err != nil || c.key != key {
				t.Errorf("key %v, error %v, want %v; the earlier key is %v", c.key, c.err, key, old)
			}
		})
	}
}

// A certificate that has not changed is not read again.
func TestUnchangedCertificateIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "client")
	if err := os.WriteFile(path, []byte("malformed"), 0o644); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	c, _ := read(path, certificate{}, later)
	again, ok := read(path, c, later)
	if c.err == nil || !ok || again.err != c.err {
		t.Errorf("errors %v and %v, want the same", c.err, again.err)
	}
}
