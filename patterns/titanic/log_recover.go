package titanic

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// recover reads the files of the directory into the index.
func (l *Log) recover() error {
	numbers, err := l.segmentNumbers()
	if err != nil {
		return err
	}
	for i, n := range numbers {
		if err := l.recoverSegment(n, i == len(numbers)-1); err != nil {
			return err
		}
	}
	for id, e := range l.index {
		if e.request.size == 0 { // its request was removed, with the file that said so
			delete(l.index, id)
			l.useLocked(e.reply, -1)
		} else if e.reply.size == 0 {
			l.pending++
		}
	}
	if len(numbers) == 0 {
		_, err = l.addSegment(1)
	}
	return err
}

// segmentNumbers returns the numbers of the files in order.
func (l *Log) segmentNumbers() ([]uint64, error) {
	files, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, f := range files {
		text, ok := strings.CutSuffix(f.Name(), ".log")
		if n, err := strconv.ParseUint(text, 16, 64); ok && err == nil && segmentName(n) == f.Name() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for i := 1; i < len(numbers); i++ {
		if numbers[i] != numbers[i-1]+1 {
			return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, segmentName(numbers[i-1]+1))
		}
	}
	return numbers, nil
}

// recoverSegment reads a file. Of the last one it removes what follows the last complete
// record: a crash may have left a part of a group there, which was not acknowledged.
func (l *Log) recoverSegment(number uint64, last bool) error {
	name := filepath.Join(l.dir, segmentName(number))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	s := &segment{number: number, file: f}
	l.segments = append(l.segments, s)
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for {
		r, size := decodeRecord(content[s.size:])
		if size == 0 {
			break
		}
		l.recoverRecord(r, place{s, s.size, size})
		s.size += int64(size)
	}
	torn := int64(len(content)) - s.size
	switch {
	case torn == 0:
		return nil
	case !last:
		return fmt.Errorf("%w: %s at %d", ErrCorrupt, name, s.size)
	}
	l.stats.TornTail = torn
	if err := f.Truncate(s.size); err != nil {
		return err
	}
	return f.Sync()
}

// recoverRecord changes the index by a record. A record that was moved may be found
// twice, and a reply before its request, if that was moved.
func (l *Log) recoverRecord(r record, p place) {
	e := l.index[r.id]
	if e == nil && r.kind != kindRemove {
		l.order++
		e = &entry{order: l.order}
		l.index[r.id] = e
	}
	switch r.kind {
	case kindAdd:
		if e.request.size == 0 {
			e.request = p
			l.useLocked(p, 1)
		}
	case kindReply:
		if e.reply.size == 0 {
			e.reply, e.answered = p, true
			l.useLocked(p, 1)
		}
	case kindRemove:
		if e == nil {
			return
		}
		for _, p := range []place{e.request, e.reply} {
			if p.size > 0 {
				l.useLocked(p, -1)
			}
		}
		delete(l.index, r.id)
	}
}
