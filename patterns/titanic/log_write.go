package titanic

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// write is the writer: it writes one group after the other until the log is closed.
func (l *Log) write() {
	defer close(l.done)
	for {
		l.mu.Lock()
		for len(l.group.records) == 0 && !l.closing {
			l.wake.Wait()
		}
		g := l.group
		l.group = newGroup()
		err := l.err
		l.mu.Unlock()
		if len(g.records) == 0 {
			return
		}
		if err == nil {
			err = l.writeGroup(g)
		}
		if err == nil {
			err = l.compact()
		}
		if err != nil {
			l.fail(g, err)
		}
	}
}

// fail refuses all further changes.
func (l *Log) fail(g *group, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	if !g.ended() {
		g.err = err
		close(g.done)
	}
}

// ended reports whether the calls of the group have been answered.
func (g *group) ended() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// writeGroup writes a group, waits for fsync, and then changes the index.
func (l *Log) writeGroup(g *group) error {
	s, err := l.append(g.encoded)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := s.size - int64(len(g.encoded))
	for _, r := range g.records {
		l.applyLocked(r.kind, r.id, place{s, at, r.size})
		at += int64(r.size)
	}
	l.stats.Records += uint64(len(g.records))
	l.stats.Syncs++
	close(g.done)
	return nil
}

// append writes records to the last segment, or to a new one if that is large enough.
func (l *Log) append(encoded []byte) (*segment, error) {
	s := l.segments[len(l.segments)-1] // only the writer changes the list
	if s.size >= l.opt.SegmentSize {
		var err error
		if s, err = l.addSegment(s.number + 1); err != nil {
			return nil, err
		}
	}
	if _, err := s.file.WriteAt(encoded, s.size); err != nil {
		return nil, fmt.Errorf("titanic: write: %w", err)
	}
	if err := s.file.Sync(); err != nil {
		return nil, fmt.Errorf("titanic: write: %w", err)
	}
	s.size += int64(len(encoded))
	return s, nil
}

// addSegment creates a file.
func (l *Log) addSegment(number uint64) (*segment, error) {
	f, err := os.OpenFile(filepath.Join(l.dir, segmentName(number)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	s := &segment{number: number, file: f}
	l.mu.Lock()
	l.segments = append(l.segments, s)
	l.mu.Unlock()
	return s, l.syncDir()
}

// syncDir waits until the names of files are on stable storage.
func (l *Log) syncDir() error {
	if runtime.GOOS == "windows" {
		return nil // which has no fsync of directories
	}
	d, err := os.Open(l.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// segmentName returns the name of a file.
func segmentName(number uint64) string { return fmt.Sprintf("%016x.log", number) }

// moveSize is about how many bytes of records are moved after each group.
const moveSize = 1 << 20

// compact deletes the oldest segments if they have no record that is in use. If the files
// take more than twice the size of what is in use, and two segments, it first
// moves such records to the last segment. Segments are deleted in order only, so
// that a removal is never deleted before the records of its request.
func (l *Log) compact() error {
	for len(l.segments) > 1 {
		oldest := l.segments[0]
		l.mu.Lock()
		live, files := oldest.live, int64(0)
		for _, s := range l.segments {
			files += s.size
		}
		wasteful := files > 2*l.bytes+2*l.opt.SegmentSize
		l.mu.Unlock()
		if live > 0 {
			if !wasteful {
				return nil
			}
			more, err := l.move(oldest)
			if err != nil || more {
				return err
			}
			continue
		}
		if err := l.deleteOldest(); err != nil {
			return err
		}
	}
	return nil
}

// deleteOldest deletes the oldest segment.
func (l *Log) deleteOldest() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.segments[0]
	l.segments = l.segments[1:]
	name := s.file.Name()
	if err := s.file.Close(); err != nil {
		return err
	}
	return os.Remove(name)
}

// moved is a record that is moved.
type moved struct {
	id      ID
	entry   *entry
	isReply bool
	from    place
	to      int64 // offset in what is written
}

// place returns the place of the record in the index.
func (m *moved) place() *place {
	if m.isReply {
		return &m.entry.reply
	}
	return &m.entry.request
}

// move copies records that are in use from a segment to the last one. It reports whether
// the segment may have more of them.
func (l *Log) move(from *segment) (more bool, err error) {
	encoded, list, err := l.collect(from)
	if err != nil || len(list) == 0 {
		return false, err
	}
	to, err := l.append(encoded)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	start := to.size - int64(len(encoded))
	for _, m := range list { // only the writer changes places, so they are unchanged
		p := place{to, start + m.to, m.from.size}
		l.useLocked(m.from, -1)
		l.useLocked(p, 1)
		*m.place() = p
	}
	l.stats.Moved += uint64(len(list))
	return from.live > 0, nil
}

// collect encodes records that are in use from a segment, about moveSize of them.
func (l *Log) collect(from *segment) (encoded []byte, list []moved, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, e := range l.index {
		for _, k := range []kind{kindAdd, kindReply} {
			m := moved{id: id, entry: e, isReply: k == kindReply, to: int64(len(encoded))}
			if m.from = *m.place(); m.from.segment != from {
				continue
			}
			frames, err := m.from.read(id)
			if err != nil {
				return nil, nil, err
			}
			encoded = appendRecord(encoded, k, id, frames)
			list = append(list, m)
		}
		if len(encoded) >= moveSize {
			break
		}
	}
	return encoded, list, nil
}
