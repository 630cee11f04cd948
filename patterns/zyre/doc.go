// Package zyre implements the ZeroMQ Realtime Exchange Protocol, version 2 (36/ZRE) and
// the CURVE part of version 3 (43/ZRE), as Zyre does: nodes of a local network find each
// other without a server, join groups, and send messages to single peers (Whisper) and to
// groups (Shout):
//
//	node, err := zyre.New(&zyre.Options{Name: "printer", Headers: map[string]string{"X-ROOM": "4"}})
//	defer node.Close()
//	err = node.Join("printers")
//	for event, err := range node.Events(ctx) {
//		if err != nil {
//			return err
//		}
//		switch e := event.(type) {
//		case zyre.Enter: // e.Peer can be sent to from now on
//		case zyre.Shout: // e.Content was sent to e.Group
//			node.Whisper(e.Peer.UUID, []byte("printed"))
//		case zyre.Exit: // e.Peer has left or does not answer
//		}
//	}
//
// # Delivery
//
// Messages of one peer are received in order and at most once. None is missing between the
// Enter and the Exit of a peer: sequence numbers show a loss, and the peer then exits and
// enters again. There is no acknowledgement: messages that were sent before an Exit may be
// lost. A node whose queue for a peer is full ends the connection to that peer.
//
// # Discovery
//
// A Discovery finds the other nodes: BeaconDiscovery with UDP broadcasts (package zbeacon),
// or GossipDiscovery with TCP connections to some nodes (package zgossip). A node accepts
// no claim of a Discovery as proof. An announcement only makes it connect; a peer enters
// when its own HELLO has arrived. An announcement with the UUID of a known peer and another
// address is ignored. Forged announcements and peers that never answer are bounded by
// Options.MaxPending and do not affect peers that have entered.
//
// Without CURVE any program on the network can enter under any name, and can claim the
// UUID of another node. With Options.Key connections are encrypted, and the key of a
// peer is proved and is in Peer.PublicKey.
//
// Protocol: https://rfc.zeromq.org/spec/36/ and https://rfc.zeromq.org/spec/43/
package zyre
