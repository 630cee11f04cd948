package auth

import (
	"context"
	"fmt"

	"github.com/zerobroker/zmq"
)

// Domains has an authenticator for each domain ([zmq.Security], Domain), so that
// sockets with different users can share one authenticator, as with a ZAP handler.
// The key "*" is for domains without one of their own. Domains must not be changed
// while a socket uses it.
//
//	auth.Domains{"feed": auth.Policy{Keys: readers}.Authenticate, "admin": auth.Policy{Keys: admins}.Authenticate}
type Domains map[string]zmq.Authenticator

// Authenticate is a [zmq.Authenticator]: it calls that of the domain. Without one, the
// error matches [zmq.ErrAuthFailed].
func (d Domains) Authenticate(ctx context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
	authenticate := d[r.Domain]
	if authenticate == nil {
		authenticate = d["*"]
	}
	if authenticate == nil {
		return zmq.Identity{}, fmt.Errorf("%w: no authenticator for domain %.255q", zmq.ErrAuthFailed, r.Domain)
	}
	return authenticate(ctx, r)
}
