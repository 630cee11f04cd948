// Package auth has authenticators for servers: networks that are allowed or
// denied, users with passwords in a file, and public keys in a directory of
// certificates or in memory. A [Policy] combines them.
//
//	keys, err := auth.OpenKeys("/etc/feed/clients", nil)
//	...
//	policy := auth.Policy{Deny: banned, Keys: keys}
//	pub, err := zmq.NewPub(&zmq.Options{Security: zmq.Security{
//		Mechanism:     zmq.Curve{Key: key, Server: true},
//		Authenticator: policy.Authenticate,
//	}})
//
// # Revocation
//
// A key that is removed from its directory, or passed to [Keys.Revoke], is not
// accepted any longer. Connections that exist stay. To end them too:
//
//	keys.Revoke(key)
//	pub.DisconnectPeers(func(p zmq.PeerInfo) bool { return p.PublicKey() == key })
//
// and for all keys that are not valid any longer:
//
//	pub.DisconnectPeers(func(p zmq.PeerInfo) bool {
//		_, err := keys.Lookup(p.PublicKey())
//		return errors.Is(err, auth.ErrUnknownKey)
//	})
//
// A handshake that was authenticated just before and is not complete is not found
// by DisconnectPeers. Call it again after a second, or for each
// [zmq.EventReady].
package auth
