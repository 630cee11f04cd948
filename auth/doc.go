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
// accepted any longer. Connections that exist stay, unless [DisconnectRevoked] runs
// for the socket:
//
//	go auth.DisconnectRevoked(ctx, pub.Socket, keys.Lookup)
//
// To end the connections of one key at once:
//
//	keys.Revoke(key)
//	pub.DisconnectPeers(func(p zmq.PeerInfo) bool { return p.PublicKey() == key })
//
// DisconnectPeers closes also the connections whose peers have been authenticated
// and are not ready. These peers connect again.
package auth
