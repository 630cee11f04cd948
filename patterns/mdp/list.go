package mdp

// node is an element of a list, in the struct that is listed. The zero node is in no list.
type node[T any] struct {
	value      T
	next, prev *node[T]
	listed     bool
}

// list is a doubly linked list of nodes. The zero list is empty.
type list[T any] struct {
	front, back *node[T]
	n           int
}

// pushBack adds a node that is in no list at the end.
func (l *list[T]) pushBack(e *node[T]) {
	e.listed = true
	e.prev, e.next = l.back, nil
	if l.back == nil {
		l.front = e
	} else {
		l.back.next = e
	}
	l.back = e
	l.n++
}

// remove removes a node, if it is in the list.
func (l *list[T]) remove(e *node[T]) {
	if !e.listed {
		return
	}
	if e.prev == nil {
		l.front = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.back = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.next, e.prev, e.listed = nil, nil, false
	l.n--
}

// moveToBack moves a node of the list to its end.
func (l *list[T]) moveToBack(e *node[T]) {
	if l.back != e {
		l.remove(e)
		l.pushBack(e)
	}
}
