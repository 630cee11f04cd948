package filemq

import (
	"slices"
	"strings"
	"time"
)

// serverCore is the protocol of the server as a state machine: commands, changes of files
// and the time go in, commands come out. It reads no files and has no socket.
type serverCore struct {
	o       *ServerOptions
	files   map[string]file // stable ones
	clients map[string]*session
	order   []string // of clients, the one that is served next first
	stats   ServerStats
}

// session is a client after OHAI.
type session struct {
	paths       []string
	credit      uint64
	sequence    uint64 // of the next chunk
	lastCommand time.Time
	retryAt     time.Time // its queue was full: no chunk before that

	queue  []string        // names of files to send
	queued map[string]bool // the same
	offset int64           // of the next chunk of queue[0]
	digest string          // of queue[0] when its transfer began
}

// receive handles a command of a client. authorize is called for a subscription. It returns
// the answer, or nil.
func (c *serverCore) receive(id string, cmd *command, authorize func(path string) error, now time.Time) *command {
	s := c.clients[id]
	if s != nil {
		s.lastCommand = now
	}
	switch {
	case cmd.id == cmdOhai && s == nil:
		return c.ohai(id, cmd, now)
	case cmd.id == cmdKthxbai:
		c.removeClient(id)
		return nil
	case s == nil:
		return c.rtfm(id, "OHAI is missing")
	}
	switch cmd.id {
	case cmdIcanhaz:
		return c.icanhaz(id, s, cmd, authorize)
	case cmdNom:
		s.credit = min(s.credit+min(cmd.credit, uint64(c.o.MaxCredit)), uint64(c.o.MaxCredit))
		return nil
	case cmdHugz:
		return &command{id: cmdHugzOK}
	case cmdHugzOK:
		return nil
	}
	return c.rtfm(id, "unexpected command")
}

func (c *serverCore) ohai(id string, cmd *command, now time.Time) *command {
	if cmd.protocol != protocolName || cmd.version != protocolVersion {
		return c.rtfm(id, "the protocol is FILEMQ 2")
	}
	if len(c.clients) >= c.o.MaxClients {
		c.stats.Refused++
		return &command{id: cmdSrsly, reason: "too many clients"}
	}
	c.clients[id] = &session{lastCommand: now, queued: make(map[string]bool)}
	c.order = append(c.order, id)
	return &command{id: cmdOhaiOK}
}

// icanhaz adds a subscription. With the option RESYNC all files of the path are sent,
// except those whose digest is in the cache.
func (c *serverCore) icanhaz(id string, s *session, cmd *command, authorize func(string) error) *command {
	if !validPath(cmd.path) {
		return c.rtfm(id, "a path begins with /")
	}
	if err := authorize(cmd.path); err != nil {
		c.stats.Refused++
		c.removeClient(id)
		return &command{id: cmdSrsly, reason: err.Error()}
	}
	if !slices.Contains(s.paths, cmd.path) {
		if len(s.paths) >= c.o.MaxSubscriptions {
			c.stats.Refused++
			c.removeClient(id)
			return &command{id: cmdSrsly, reason: "too many subscriptions"}
		}
		s.paths = append(s.paths, cmd.path)
	}
	if cmd.options["RESYNC"] == "1" {
		c.resync(s, cmd)
	}
	return &command{id: cmdIcanhazOK}
}

func (c *serverCore) resync(s *session, cmd *command) {
	known := make(map[string]string, len(cmd.cache))
	for name, digest := range cmd.cache {
		switch {
		case name == "":
		case name[0] != '/':
			name = strings.TrimSuffix(cmd.path, "/") + "/" + name
		case !strings.HasPrefix(name, cmd.path):
			continue
		}
		known[strings.TrimPrefix(name, "/")] = strings.ToUpper(digest)
	}
	for name, f := range c.files {
		if strings.HasPrefix("/"+name, cmd.path) && known[name] != f.digest {
			s.enqueue(name)
		}
	}
}

// enqueue adds a file to the queue. If its transfer is in progress it begins again.
func (s *session) enqueue(name string) {
	if !s.queued[name] {
		s.queued[name] = true
		s.queue = append(s.queue, name)
	}
}

func (s *session) subscribes(name string) bool {
	return slices.ContainsFunc(s.paths, func(p string) bool { return strings.HasPrefix("/"+name, p) })
}

// update handles a new scan: files that are new, changed or deleted are queued for their
// subscribers.
func (c *serverCore) update(scanned map[string]file) {
	stable := make(map[string]file, len(scanned))
	var changed []string
	for name, f := range scanned {
		old, known := c.files[name]
		switch {
		case f.digest == "" && known:
			stable[name] = old // until it is stable again
		case f.digest == "":
		default:
			stable[name] = f
			if !known || old.digest != f.digest {
				changed = append(changed, name)
			}
		}
	}
	for name := range c.files {
		if _, ok := stable[name]; !ok {
			changed = append(changed, name)
		}
	}
	c.files = stable
	slices.Sort(changed)
	for _, s := range c.clients {
		for _, name := range changed {
			if s.subscribes(name) {
				s.enqueue(name)
			}
		}
	}
}

// work is a chunk that is to be read and sent.
type work struct {
	client string
	name   string
	offset int64
	size   int // at most; 0 for an empty file
}

// next returns the next chunk to read, of each client in turn. Deletions need no reading:
// their command is returned. ok is false if no client has both credit and a file. Clients
// whose queue is full are skipped until their retryAt.
func (c *serverCore) next(now time.Time) (w work, deletion *command, ok bool) {
	for range c.order {
		id := c.order[0]
		c.order = append(c.order[1:], id)
		s := c.clients[id]
		if len(s.queue) == 0 || now.Before(s.retryAt) {
			continue
		}
		name := s.queue[0]
		f, exists := c.files[name]
		if !exists {
			return work{client: id, name: name}, &command{
				id: cmdCheezburger, sequence: s.sequence, op: opDelete, filename: "/" + name, eof: true,
			}, true
		}
		if s.digest != f.digest {
			s.offset, s.digest = 0, f.digest // new, or changed during its transfer
		}
		if s.credit == 0 && f.size > 0 {
			continue
		}
		size := int(min(uint64(c.o.ChunkSize), s.credit))
		return work{id, name, s.offset, size}, nil, true
	}
	return work{}, nil, false
}

// chunk returns the command for a chunk that was read.
func (c *serverCore) chunk(w work, data []byte, eof bool) *command {
	return &command{
		id: cmdCheezburger, sequence: c.clients[w.client].sequence, op: opCreate,
		filename: "/" + w.name, offset: uint64(w.offset), eof: eof, chunk: data,
	}
}

// sent records that a command was queued for the client.
func (c *serverCore) sent(w work, cmd *command) {
	s := c.clients[w.client]
	s.sequence++
	s.credit -= uint64(len(cmd.chunk))
	s.offset += int64(len(cmd.chunk))
	c.stats.Chunks++
	c.stats.Bytes += uint64(len(cmd.chunk))
	if cmd.eof {
		c.skip(w)
	}
}

// skip removes the file from the queue of the client.
func (c *serverCore) skip(w work) {
	s := c.clients[w.client]
	delete(s.queued, w.name)
	s.queue, s.offset, s.digest = s.queue[1:], 0, ""
}

// tick forgets clients that send nothing.
func (c *serverCore) tick(now time.Time) {
	for id, s := range c.clients {
		if now.Sub(s.lastCommand) >= c.o.ClientTimeout {
			c.stats.Expired++
			c.removeClient(id)
		}
	}
}

func (c *serverCore) rtfm(id, reason string) *command {
	c.stats.Invalid++
	c.removeClient(id)
	return &command{id: cmdRtfm, reason: reason}
}

func (c *serverCore) removeClient(id string) {
	if c.clients[id] != nil {
		delete(c.clients, id)
		c.order = slices.DeleteFunc(c.order, func(o string) bool { return o == id })
	}
}
