// Package zap encodes and decodes the messages of ZAP 1.0, the ZeroMQ
// Authentication Protocol (https://rfc.zeromq.org/spec/27/).
//
// A socket that authenticates its peers sends a [Request] for each connection to
// a handler, which is a REP or ROUTER socket bound to [Endpoint] in the same
// process. The handler checks the credentials and answers with a [Reply]. Until
// then the peer waits in its handshake.
//
// The package does no I/O and imports only the standard library. Its functions
// take and return the frames of a message, so they work with any ZeroMQ library.
//
// # Handlers
//
// A REP receives a request, and sends a reply, without an envelope:
//
//	rep, err := zmq.NewRep(nil)
//	...
//	_, err = rep.Bind(zap.Endpoint)
//	...
//	for m, err := range rep.Messages(ctx) {
//		if err != nil {
//			return err
//		}
//		reply := zap.Reply{Status: zap.StatusDenied, Text: "No access"}
//		req, err := zap.ParseRequest(m.Frames())
//		switch {
//		case err != nil:
//			reply = zap.Reply{Status: zap.StatusInternalError, Text: err.Error()}
//		case req.Mechanism == "PLAIN" && passwords.Match(req.Username(), req.Password()):
//			reply = zap.Reply{Status: zap.StatusAccepted, Text: "OK", UserID: req.Username()}
//		}
//		err = rep.SendMessage(ctx, zmq.NewMessage(req.Reply(reply)...))
//		...
//	}
//
// A handler must answer every request, also one that it cannot decode: a REP
// receives no other request before it has sent its reply. [Request.Reply] works
// for the request that [ParseRequest] returns with an error.
//
// The messages that a ROUTER receives and sends begin with an envelope: one or
// more routing IDs, and then an empty delimiter frame. ParseRequest takes the
// frames after the delimiter. The handler sends the same envelope before the
// frames of the reply. A ROUTER can have many requests open at once, for example
// while it asks a database.
//
// A handler that denies all peers it does not know is safe. A handler that
// accepts all peers it does not know turns authentication off for every
// mechanism it was not written for: check Mechanism, not only the credentials.
//
// # Passwords
//
// Package fmt and package log/slog omit the credentials of a [Request] that is
// passed to them, so a handler may log requests. A reply contains no credentials.
package zap

// Endpoint is the endpoint to which a handler binds.
const Endpoint = "inproc://zeromq.zap.01"

// Version is the version of the protocol in every request and reply.
const Version = "1.0"

// maxString is the maximum length of a string in a request or reply.
// https://rfc.zeromq.org/spec/27/#message-format
const maxString = 255
