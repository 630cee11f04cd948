package filemq

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// file is what a scan knows of a file.
type file struct {
	size     int64
	modified time.Time
	digest   string // SHA-1 in hexadecimal digits, empty until the file is stable
}

// partSuffix ends the names of files that have not arrived completely.
const partSuffix = ".filemq-part"

// scan returns the files below a directory by their names, which are relative with
// slashes. A file that has the same size and time as in the previous scan gets a digest. At
// most limit files are returned; complete is false if there are more.
func scan(root *os.Root, previous map[string]file, limit int) (files map[string]file, complete bool) {
	files, complete = make(map[string]file), true
	fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || len(name) > maxString-1 || strings.HasSuffix(name, partSuffix) {
			return nil // unreadable ones are those of another scan
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if len(files) >= limit {
			complete = false
			return fs.SkipAll
		}
		f := file{size: info.Size(), modified: info.ModTime()}
		if p, ok := previous[name]; ok && p.size == f.size && p.modified.Equal(f.modified) {
			if f.digest = p.digest; f.digest == "" {
				f.digest = digest(root, name)
			}
		}
		files[name] = f
		return nil
	})
	return files, complete
}

// digest returns the digest of a file, or an empty text if it cannot be read.
func digest(root *os.Root, name string) string {
	f, err := root.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha1.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// cleanName returns the name of a file of a CHEEZBURGER or a cache relative to the root. It
// reports false for a name that could leave the directory.
func cleanName(name string) (string, bool) {
	name = strings.TrimPrefix(name, "/")
	return name, fs.ValidPath(name) && name != "." && !strings.HasSuffix(name, partSuffix)
}
