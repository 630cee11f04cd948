//go:build unix

package transport

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestPutBackKeepsNewerSocket checks that putBack moves a live socket back to
// its path, unless another socket was bound there. In both cases no file
// remains at the temporary path.
func TestPutBackKeepsNewerSocket(t *testing.T) {
	for _, taken := range []bool{false, true} {
		dir, err := os.MkdirTemp("", "z")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path, aside := filepath.Join(dir, "s"), filepath.Join(dir, "aside")
		l, err := IPC.Listen(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := os.Rename(path, aside); err != nil {
			t.Fatal(err)
		}
		if taken {
			next, err := IPC.Listen(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer next.Close()
			l = next
		}
		putBack(aside, path)
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if _, err := l.Accept(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(aside); !os.IsNotExist(err) {
			t.Errorf("the temporary path still exists: %v", err)
		}
	}
}
