package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
)

// checkInterval is the time between two checks of the peers of a socket. It is less
// than pollInterval, so that a check does not miss a poll by a moment.
const checkInterval = pollInterval / 2

// DisconnectRevoked disconnects the clients of CURVE of a socket whose keys are not
// accepted any longer, with [zmq.CloseRevoked], until ctx ends. It calls lookup, such
// as [Keys.Lookup], for the key of each client twice a second. If the error matches
// [ErrUnknownKey], the client is disconnected. With Keys that is within two seconds
// after the certificate of the client was removed from the directory, or its key was
// passed to [Keys.Revoke]. No client is disconnected because the directory cannot be
// read.
//
// It blocks, so call it in a goroutine:
//
//	go auth.DisconnectRevoked(ctx, pull.Socket, keys.Lookup)
//
// lookup must know the clients of all endpoints of the socket.
func DisconnectRevoked(ctx context.Context, s zmq.Socket, lookup func(curve.PublicKey) (zmq.Identity, error)) {
	revoked := func(p zmq.PeerInfo) bool {
		key := p.PublicKey()
		if key.IsZero() {
			return false
		}
		_, err := lookup(key)
		return errors.Is(err, ErrUnknownKey)
	}
	t := time.NewTicker(checkInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		// DisconnectPeers ends handshakes too. So often, it would let no client in that
		// takes long to authenticate. A client whose handshake ends after its key was
		// revoked is found by the next check.
		if slices.ContainsFunc(s.Peers(), revoked) {
			s.DisconnectPeers(revoked)
		}
	}
}
