package inproc

import (
	"slices"

	"github.com/zerobroker/zmq/internal/pipe"
)

// A link that is not joined is in one of two lists of its namespace, or in the
// hands of the one goroutine that has taken it out and calls place: waiting, if
// its name is not bound, or refused, if its place at one of the ends is taken.
//
// # Locks
//
// place holds mu of its link, and that end may end another link meanwhile
// (Refuse), which frees places, so that unlock of that one calls place of a third
// link. This cannot become a circle: a link is in a list only when nobody holds
// its mu and waits for mu of another.

// place joins the link to the socket that its name is bound to, or puts it in
// the list where it waits for that.
func (l *Link) place() {
	l.mu.Lock()
	defer l.unlock()
	for !l.over {
		b, retries := l.space.lookUp(l)
		if b == nil {
			return
		}
		err := l.join(b)
		if err == nil {
			break
		}
		if err == errTypes || b.Repeats(l) {
			l.refuse(b, err)
			break
		}
		if l.space.hold(l, b, retries) {
			l.report(b, err)
			return
		}
	}
	close(l.joined)
}

// refuse ends the link before it began. The caller holds mu.
func (l *Link) refuse(b End, err error) {
	l.over, l.freed = true, true
	l.a.Detach(l.pa)
	if q := l.pa.Out; q != nil {
		l.a.Drops().Add(pipe.DropNoRoute, q.Kill())
	}
	l.report(b, err)
}

// report has both ends report that the link was refused, once for each binder.
// The caller holds mu.
func (l *Link) report(b End, err error) {
	if l.reported == b {
		return
	}
	l.reported = b
	l.a.Refused(l.name, err)
	b.Refused(l.name, err)
}

// lookUp returns the socket that l's name is bound to, and how often Retry was
// called before. If there is none, l waits.
func (n *Namespace) lookUp(l *Link) (b End, retries uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b = n.bound[l.name]; b == nil {
		n.waiting[l.name] = append(n.waiting[l.name], l)
	}
	return b, n.retries
}

// hold puts a link in the list of those that are refused. It reports false if
// the place may be free by now: there was a Retry since lookUp, or the name is no
// longer b's.
func (n *Namespace) hold(l *Link, b End, retries uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.retries != retries || n.bound[l.name] != b {
		return false
	}
	n.refused = append(n.refused, l)
	return true
}

// Retry is called when a place at e may have become free: a peer is detached, or
// its routing ID is free. The links that were refused for it are tried again, in
// the order in which they came. The caller holds no lock but the socket's table
// of endpoints.
func (n *Namespace) Retry(e End) {
	n.mu.Lock()
	n.retries++
	links := n.takeRefused(func(l *Link) bool { return l.a == e || n.bound[l.name] == e })
	n.mu.Unlock()
	for _, l := range links {
		l.place()
	}
}

// takeRefused removes some of the links that are refused and returns them. The
// caller holds mu.
func (n *Namespace) takeRefused(which func(*Link) bool) (links []*Link) {
	n.refused = slices.DeleteFunc(n.refused, func(l *Link) bool {
		if !which(l) {
			return false
		}
		links = append(links, l)
		return true
	})
	return links
}

// drop removes a link from the list that it is in, if any.
func (n *Namespace) drop(l *Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.takeRefused(func(r *Link) bool { return r == l })
	n.waiting[l.name] = slices.DeleteFunc(n.waiting[l.name], func(w *Link) bool { return w == l })
	if len(n.waiting[l.name]) == 0 {
		delete(n.waiting, l.name)
	}
}

// Repeats reports whether both links are from one connector and to one name.
func (l *Link) Repeats(o *Link) bool { return l.a == o.a && l.name == o.name }
