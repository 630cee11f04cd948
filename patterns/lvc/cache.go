package lvc

import "github.com/zerobroker/zmq"

// value is the last message of a topic. It is an element of two lists: the one of the
// order of updates, and that of the order of topics.
type value struct {
	topic      string
	m          zmq.Message
	size       int
	number     uint64 // of the update
	prev, next *value // in the order of updates
	tower      []*value
	cursors    int // walkers whose next value it is

	// Memory for tower, and for the frames of the first message: fewer objects for the
	// garbage collector.
	oneLevel  [1]*value
	twoFrames [2][]byte
}

// cache keeps the last message of each topic. A topic that is updated moves to the end of
// the list of updates: a walker that follows the list sees every topic, and each newer
// message after older ones. It is not safe for concurrent use.
type cache struct {
	maxTopics, maxBytes, maxValueSize int

	byTopic      map[string]*value
	topics       index
	oldest, last *value // ends of the order of updates
	bytes        int
	number       uint64 // of the last update
	walkers      map[*walker]struct{}

	evicted, uncached uint64
}

func newCache(maxTopics, maxBytes, maxValueSize int) *cache {
	return &cache{
		maxTopics: maxTopics, maxBytes: maxBytes, maxValueSize: maxValueSize,
		byTopic: make(map[string]*value), topics: newIndex(), walkers: make(map[*walker]struct{}),
	}
}

// put makes m the last message of its topic. A message above the size limit is not kept,
// nor is the previous one of its topic, which is obsolete.
func (c *cache) put(m zmq.Message) {
	c.number++
	topic := m.Frame(0)
	v := c.byTopic[string(topic)]
	if size := m.Size(); size > c.maxValueSize || size > c.maxBytes {
		c.uncached++
		if v != nil {
			c.remove(v)
		}
		return
	}
	moved := c.unlink(v)
	var frames [][]byte
	if v == nil {
		v = &value{topic: string(topic)}
		frames = v.twoFrames[:0]
		c.byTopic[v.topic] = v
		c.topics.insert(v)
	}
	v.m, v.number = compact(m, frames), c.number
	c.bytes += m.Size() - v.size
	v.size = m.Size()
	c.append(v, moved)
	for len(c.byTopic) > c.maxTopics || c.bytes > c.maxBytes {
		c.evicted++
		c.remove(c.oldest)
	}
}

// compact returns a copy of a message whose frames are in one piece of memory, so that it
// is read from memory at once when it is sent again. It appends the frames to an empty
// slice, which is not used for another message: a socket may refer to sent frames.
func compact(m zmq.Message, frames [][]byte) zmq.Message {
	all := make([]byte, 0, m.Size())
	for i := range m.NumFrames() {
		from := len(all)
		all = append(all, m.Frame(i)...)
		frames = append(frames, all[from:len(all):len(all)])
	}
	return zmq.NewMessage(frames...)
}

// append adds v to the end of the order of updates. Walkers that have no next value get v.
func (c *cache) append(v *value, waiting bool) {
	v.prev, v.next = c.last, nil
	if c.last == nil {
		c.oldest = v
	} else {
		c.last.next = v
	}
	c.last = v
	if !waiting {
		return
	}
	for w := range c.walkers {
		if w.next == nil {
			w.move(v)
		}
	}
}

// unlink removes v, which may be nil, from the order of updates. Its walkers continue with
// the value after it; atEnd reports that a walker may have none.
func (c *cache) unlink(v *value) (atEnd bool) {
	if v == nil {
		return false
	}
	if v.cursors > 0 {
		for w := range c.walkers {
			if w.next == v {
				w.move(v.next)
			}
		}
		atEnd = v.next == nil
	}
	if v.prev == nil {
		c.oldest = v.next
	} else {
		v.prev.next = v.next
	}
	if v.next == nil {
		c.last = v.prev
	} else {
		v.next.prev = v.prev
	}
	return atEnd
}

// remove removes a topic.
func (c *cache) remove(v *value) {
	c.unlink(v)
	delete(c.byTopic, v.topic)
	c.topics.remove(v)
	c.bytes -= v.size
}

// since returns the first value in the order of updates whose number is at least n, or nil.
// It is fast if there are few.
func (c *cache) since(n uint64) *value {
	var found *value
	for v := c.last; v != nil && v.number >= n; v = v.prev {
		found = v
	}
	return found
}

// walker sends the values of the cache to one peer, in the order of updates. When it
// reaches the end, the peer receives the live messages of its prefixes.
type walker struct {
	p        *peer
	prefixes []string
	next     *value
	blocked  bool // the queue of the peer was full
}

// move changes the next value.
func (w *walker) move(to *value) {
	if w.next != nil {
		w.next.cursors--
	}
	w.next = to
	if to != nil {
		to.cursors++
	}
}
