package titanic

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/zerobroker/zmq"
)

// LogOptions configure a Log. In every field the zero value is the default, and negative
// values are errors that match [zmq.ErrInvalidOption].
type LogOptions struct {
	// MaxRequests bounds the requests in the log. Default 1,000,000.
	MaxRequests int

	// MaxBytes bounds the size of the requests and replies in the log. Requests above it
	// are refused. Replies to the requests in the log are stored nevertheless, because
	// the requests would be executed again otherwise. The files may take twice as much,
	// and two segments. Default 10 GiB.
	MaxBytes int64

	// SegmentSize is the size from which the log continues in another file. Default
	// 64 MiB.
	SegmentSize int64
}

// LogStats are the counters of a log since it was opened.
type LogStats struct {
	Requests int    // in the log now
	Pending  int    // of these, without a reply
	Bytes    int64  // size of these requests and replies
	Segments int    // files
	Records  uint64 // that were written
	Syncs    uint64 // calls of fsync for them
	Moved    uint64 // records that were copied from old files to delete those
	TornTail int64  // bytes that OpenLog has removed: of records that were not complete, and not acknowledged
}

// Log is a Store in files of a directory: a write-ahead log, whose index is in memory.
// Calls that wait at the same time share one call of fsync. A directory must not be used
// by two logs at a time.
//
// If a write or fsync fails, the log refuses all further changes with that error: what
// is on the disk is then unknown until the log is opened again.
type Log struct {
	dir string
	opt LogOptions

	mu       sync.Mutex // guards the following
	wake     sync.Cond  // signals the writer that group or closing has changed
	group    *group     // of the records that are not written
	index    map[ID]*entry
	order    uint64
	pending  int
	bytes    int64
	segments []*segment // oldest first; the last is written
	stats    LogStats
	closing  bool
	err      error         // why the log refuses changes
	done     chan struct{} // closed by the writer when it has ended
}

// entry is a request in the index.
type entry struct {
	order          uint64 // of Add
	request, reply place
	answered       bool // a reply is written or is being written
}

// place is where a record is. The zero place is none.
type place struct {
	segment *segment
	offset  int64
	size    int
}

// segment is a file of the log.
type segment struct {
	number uint64
	file   *os.File
	size   int64
	live   int // records that the index refers to; guarded by Log.mu
}

// group is the records that are written together, and the calls that wait for it.
type group struct {
	encoded []byte
	records []groupRecord
	done    chan struct{} // closed after fsync
	err     error         // set before that
}

// groupRecord is a record of a group.
type groupRecord struct {
	kind kind
	id   ID
	size int
}

// OpenLog opens the log in a directory, which it creates if necessary. It removes an
// incomplete record at the end, which a crash has left. The error matches [ErrCorrupt]
// if another part is damaged, [zmq.ErrInvalidOption] or that of the system.
func OpenLog(dir string, o *LogOptions) (*Log, error) {
	l := &Log{dir: dir, index: make(map[ID]*entry), group: newGroup(), done: make(chan struct{})}
	if o != nil {
		l.opt = *o
	}
	if l.opt.MaxRequests < 0 || l.opt.MaxBytes < 0 || l.opt.SegmentSize < 0 {
		return nil, fmt.Errorf("titanic: open log: %w: negative limit", zmq.ErrInvalidOption)
	}
	l.opt.MaxRequests = cmp.Or(l.opt.MaxRequests, 1_000_000)
	l.opt.MaxBytes = cmp.Or(l.opt.MaxBytes, 10<<30)
	l.opt.SegmentSize = cmp.Or(l.opt.SegmentSize, 64<<20)
	l.wake.L = &l.mu
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("titanic: open log: %w", err)
	}
	if err := l.recover(); err != nil {
		l.closeFiles()
		return nil, fmt.Errorf("titanic: open log: %w", err)
	}
	go l.write()
	return l, nil
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// Add implements Store.
func (l *Log) Add(id ID, frames [][]byte) error {
	size := recordSize(frames)
	l.mu.Lock()
	switch {
	case len(frames) == 0 || size > maxRecord:
		l.mu.Unlock()
		return fmt.Errorf("%w: a request of %d bytes", ErrFull, size)
	case l.index[id] != nil:
		l.mu.Unlock()
		return fmt.Errorf("titanic: request %s exists", id)
	case len(l.index) >= l.opt.MaxRequests || l.bytes+int64(size) > l.opt.MaxBytes:
		l.mu.Unlock()
		return ErrFull
	}
	return l.change(kindAdd, id, frames)
}

// SetReply implements Store.
func (l *Log) SetReply(id ID, frames [][]byte) error {
	size := recordSize(frames)
	l.mu.Lock()
	e := l.index[id]
	switch {
	case e == nil || e.answered:
		l.mu.Unlock()
		return nil
	case len(frames) == 0 || size > maxRecord:
		l.mu.Unlock()
		return fmt.Errorf("%w: a reply of %d bytes", ErrFull, size)
	}
	e.answered = true
	return l.change(kindReply, id, frames)
}

// Remove implements Store.
func (l *Log) Remove(id ID) error {
	l.mu.Lock()
	if l.index[id] == nil {
		l.mu.Unlock()
		return nil
	}
	return l.change(kindRemove, id, nil)
}

// change adds a record to the group, and waits until it is on stable storage and in the
// index. The caller holds mu, which change releases.
func (l *Log) change(k kind, id ID, frames [][]byte) error {
	if l.err != nil || l.closing {
		defer l.mu.Unlock()
		return cmp.Or(l.err, ErrClosed)
	}
	g := l.group
	before := len(g.encoded)
	g.encoded = appendRecord(g.encoded, k, id, frames)
	g.records = append(g.records, groupRecord{k, id, len(g.encoded) - before})
	l.wake.Signal()
	l.mu.Unlock()
	<-g.done
	return g.err
}

// applyLocked changes the index by a record at a place.
func (l *Log) applyLocked(k kind, id ID, p place) {
	e := l.index[id]
	switch {
	case k == kindAdd && e == nil:
		l.order++
		l.index[id] = &entry{order: l.order, request: p}
		l.pending++
		l.useLocked(p, 1)
	case k == kindReply && e != nil && e.reply.size == 0:
		e.reply = p
		l.pending--
		l.useLocked(p, 1)
	case k == kindRemove && e != nil:
		delete(l.index, id)
		if e.reply.size == 0 {
			l.pending--
		} else {
			l.useLocked(e.reply, -1)
		}
		l.useLocked(e.request, -1)
	}
}

// useLocked counts a record as used, or with n = -1 as not used any more.
func (l *Log) useLocked(p place, n int) {
	l.bytes += int64(n * p.size)
	p.segment.live += n
}

// Request implements Store.
func (l *Log) Request(id ID) ([][]byte, error) {
	return l.read(id, func(e *entry) place { return e.request })
}

// Reply implements Store.
func (l *Log) Reply(id ID) ([][]byte, error) {
	return l.read(id, func(e *entry) place { return e.reply })
}

// read returns the frames of a record of an entry.
func (l *Log) read(id ID, which func(*entry) place) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.index[id]
	switch {
	case l.closing:
		return nil, ErrClosed
	case e == nil:
		return nil, ErrUnknown
	case which(e).size == 0:
		return nil, ErrPending
	}
	p := which(e)
	return p.read(id)
}

// read reads a record. The caller holds mu, so that the file is not deleted.
func (p place) read(id ID) ([][]byte, error) {
	b := make([]byte, p.size)
	if _, err := p.segment.file.ReadAt(b, p.offset); err != nil {
		return nil, fmt.Errorf("titanic: read: %w", err)
	}
	r, size := decodeRecord(b)
	if size == 0 || r.id != id {
		return nil, fmt.Errorf("%w: %s at %d", ErrCorrupt, p.segment.file.Name(), p.offset)
	}
	return r.frames, nil
}

// Pending implements Store.
func (l *Log) Pending() []ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]ID, 0, l.pending)
	for id, e := range l.index {
		if e.reply.size == 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b ID) int { return cmp.Compare(l.index[a].order, l.index[b].order) })
	return ids
}

// Stats returns the counters.
func (l *Log) Stats() LogStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Requests, s.Pending, s.Bytes, s.Segments = len(l.index), l.pending, l.bytes, len(l.segments)
	return s
}

// Close waits until all changes are on stable storage and closes the files. The error is
// that of the disk, if the log has failed.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closing = true
	l.wake.Signal()
	l.mu.Unlock()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.err, l.closeFiles())
}

// closeFiles closes all files.
func (l *Log) closeFiles() (err error) {
	for _, s := range l.segments {
		if s.file != nil {
			err = errors.Join(err, s.file.Close())
			s.file = nil
		}
	}
	return err
}
