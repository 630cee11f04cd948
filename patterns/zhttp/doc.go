// Package zhttp implements ZHTTP: HTTP requests and responses in ZeroMQ messages.
//
// A [Transport] is an [http.RoundTripper] whose requests another process carries out,
// such as zurl, an HTTP client with a ZeroMQ interface:
//
//	transport, err := zhttp.NewTransport([]string{"ipc:///tmp/zurl-req"}, nil)
//	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
//	response, err := client.Get("https://example.com/")
//
// A [Server] serves the requests that a proxy receives from HTTP clients and sends as
// ZHTTP, with an [http.Handler]:
//
//	server, err := zhttp.NewServer(handler, nil)
//	endpoint, err := server.Bind("tcp://*:5560")
//
// A request is sent once: it is carried out at most once, and if RoundTrip returns an
// error it may have been carried out or not. Nothing is repeated or stored.
//
// The protocol is RFC 33, https://rfc.zeromq.org/spec/33/. Transport and Server have its
// basic arrangement: a message has a whole request, or a whole response, of bounded size.
// [StreamTransport] and [StreamServer] have the advanced one: bodies are streams of any
// length over PUSH, ROUTER and PUB sockets, and credits bound what is held of them. The
// JSON encoding of zurl and WebSockets are not implemented.
package zhttp
