package titanic

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// ID identifies a request. Its text is 32 hexadecimal characters.
type ID [16]byte

// NewID returns a random ID, a UUID of version 4, which other clients cannot guess.
func NewID() ID {
	var id ID
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads 32 hexadecimal characters. The error matches [ErrUnknown].
func ParseID(text string) (id ID, err error) {
	if len(text) != 2*len(id) {
		return id, fmt.Errorf("%w: %d characters instead of %d", ErrUnknown, len(text), 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return id, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return id, nil
}

// String returns the text of the ID.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Errors of clients and stores, which are wrapped; test for them with errors.Is.
var (
	// ErrPending is returned for a request that has no reply yet. [300]
	ErrPending = errors.New("titanic: no reply yet")
	// ErrUnknown is returned for an ID that is malformed, was never assigned or is
	// closed. [400]
	ErrUnknown = errors.New("titanic: unknown request")
	// ErrServer is returned if the server has failed, such as for lack of space on its
	// disk. The call may be repeated later. [500]
	ErrServer = errors.New("titanic: server failed")
	// ErrFull is returned by a Store that has reached one of its limits.
	ErrFull = errors.New("titanic: store is full")
	// ErrCorrupt is returned if a file of a Log was changed by something else.
	ErrCorrupt = errors.New("titanic: log is corrupt")
	// ErrClosed is returned by calls on a closed Log.
	ErrClosed = errors.New("titanic: log is closed")
)

// Store keeps requests and their replies. Each method that changes something returns
// when the change is on stable storage; after an error it may or may not be. Methods may
// be called concurrently. [Log] is a Store.
type Store interface {
	// Add stores a request with a new ID. frames are the name of the service and the
	// body. The error matches ErrFull if a limit is reached.
	Add(id ID, frames [][]byte) error
	// SetReply stores the reply to a request. It does nothing if there is no such
	// request, or if it has a reply.
	SetReply(id ID, frames [][]byte) error
	// Remove removes a request and its reply. It does nothing if there is none.
	Remove(id ID) error
	// Request returns the frames that Add was given, and Reply those of SetReply. The
	// error matches ErrUnknown, and that of Reply may match ErrPending.
	Request(id ID) ([][]byte, error)
	Reply(id ID) ([][]byte, error)
	// Pending returns the requests without a reply, in the order of Add.
	Pending() []ID
}
