// Package filemq distributes files from a server to its clients (35/FILEMQ, version 2). The
// server publishes a directory; clients subscribe to paths in it and receive all files and
// their later changes, in chunks for which they give credit:
//
//	server, err := filemq.NewServer(&filemq.ServerOptions{Root: "/srv/public"})
//	defer server.Close()
//	endpoint, err := server.Bind("tcp://*:5670")
//
//	client, err := filemq.NewClient("tcp://server.example:5670", &filemq.ClientOptions{Inbox: "/var/inbox"})
//	defer client.Close()
//	for change, err := range client.Changes(ctx) {
//		...
//	}
//
// The promise is eventual consistency: while server and client run and are connected, each
// file of the subscribed paths has in the inbox the content that it has on the server. A
// file appears in the inbox as a whole, when all of it has arrived. After a lost
// connection, or a restart of either side, the client sends the SHA-1 digests of what it
// has, and receives the other files again from their beginning. A file that was deleted
// while the client was not connected stays in the inbox, because the protocol does not
// report it.
//
// The digests find out what has changed; they protect from nothing. The security is that
// of the sockets and of ServerOptions.Authorize.
//
// Protocol: https://rfc.zeromq.org/spec/35/
package filemq
