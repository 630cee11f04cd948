package filemq

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// errOrder is the error of a chunk that does not follow the one before it.
var errOrder = errors.New("chunk out of order")

// inbox is the directory of a client. A file is written under another name and renamed when
// it is complete.
type inbox struct {
	root    *os.Root
	maxSize int64
	maxFile int

	known map[string]file // by name, with digests

	part *os.File // the file that is arriving, nil if there is none
	name string   // its name; also of one that is too large, which has no part
	size int64    // bytes that have arrived
	skip bool     // it is above a limit
}

// inventory reads what the directory has.
func (b *inbox) inventory() {
	b.abort()
	b.known, _ = scan(b.root, b.known, b.maxFile)
	b.known, _ = scan(b.root, b.known, b.maxFile) // the second one finds stable files
}

// write adds a chunk. done reports that the file is complete and stored. After an error of
// the system the further chunks of the file are dropped.
func (b *inbox) write(name string, offset uint64, data []byte, eof bool) (done bool, err error) {
	if offset == 0 {
		err = b.begin(name)
	}
	if name != b.name || offset != uint64(b.size) {
		return false, errOrder
	}
	b.size += int64(len(data))
	if b.size > b.maxSize {
		b.drop()
	}
	if !b.skip {
		if _, err = b.part.Write(data); err != nil {
			b.drop()
		}
	}
	if eof && err == nil {
		return b.finish()
	}
	return false, err
}

// begin starts a file, and drops one that is not complete.
func (b *inbox) begin(name string) (err error) {
	b.abort()
	b.name = name
	if _, exists := b.known[name]; !exists && len(b.known) >= b.maxFile {
		b.skip = true
		return nil
	}
	if err = b.root.MkdirAll(path.Dir(name), 0o755); err == nil {
		b.part, err = b.root.Create(name + partSuffix)
	}
	b.skip = err != nil
	return err
}

// finish gives the file its name.
func (b *inbox) finish() (done bool, err error) {
	defer b.abort()
	if b.skip {
		return false, nil
	}
	name, part := b.name, b.part
	b.part = nil
	if err := part.Close(); err != nil {
		return false, err
	}
	if err := b.root.Rename(name+partSuffix, name); err != nil {
		b.root.Remove(name + partSuffix)
		return false, err
	}
	b.known[name] = file{}
	return true, nil
}

// drop makes the further chunks of the file have no effect.
func (b *inbox) drop() {
	name, size := b.name, b.size
	b.abort()
	b.name, b.size, b.skip = name, size, true
}

// abort removes the file that is arriving.
func (b *inbox) abort() {
	if b.part != nil {
		b.part.Close()
		b.root.Remove(b.name + partSuffix)
	}
	b.part, b.name, b.size, b.skip = nil, "", 0, false
}

// remove deletes a file.
func (b *inbox) remove(name string) error {
	if name == b.name {
		b.abort()
	}
	delete(b.known, name)
	err := b.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
