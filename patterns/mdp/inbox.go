package mdp

import (
	"errors"
	"fmt"
	"sync"
)

// ErrTooManyReplies is matched by the error of a request whose replies exceed
// ClientOptions.MaxReplies.
var ErrTooManyReplies = errors.New("too many replies")

// inbox holds the replies to a request until they are taken.
type inbox struct {
	wake chan struct{} // has a token after put
	max  int

	mu   sync.Mutex // guards the following
	list []outcome
}

func newInbox(max int) *inbox { return &inbox{wake: make(chan struct{}, 1), max: max} }

// put adds a reply or an error. A reply above the maximum becomes an error, which is last.
func (i *inbox) put(r Reply, err error) {
	i.mu.Lock()
	switch n := len(i.list); {
	case n < i.max:
		i.list = append(i.list, outcome{reply: r, err: err})
	case n == i.max:
		i.list = append(i.list, outcome{err: fmt.Errorf("mdp: request: %w", ErrTooManyReplies)})
	}
	i.mu.Unlock()
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// take takes the first one.
func (i *inbox) take() (out outcome, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.list) == 0 {
		return out, false
	}
	out = i.list[0]
	i.list[0] = outcome{}
	i.list = i.list[1:]
	return out, true
}
