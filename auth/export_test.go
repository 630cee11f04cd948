package auth

import (
	"context"
	"time"

	"github.com/zerobroker/zmq/internal/slots"
)

// SetPollCost sets how long the last look at the directory took: in virtual time it
// takes none.
func (k *Keys) SetPollCost(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cost = d
}

// CompareAtOnce sets how many hashes are compared at a time.
func (u *Users) CompareAtOnce(n int) { u.slots = slots.New(n) }

// Occupy takes the slot of a comparison.
func (u *Users) Occupy(ctx context.Context, source string) error { return u.slots.Acquire(ctx, source) }

// Vacate returns it.
func (u *Users) Vacate(source string) { u.slots.Release(source) }
