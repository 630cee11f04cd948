// Package zbeacon discovers programs on the local network with UDP beacons, as CZMQ's
// zbeacon does. A Beacon broadcasts a small payload at regular intervals, and receives
// the payloads of others that begin with a given prefix:
//
//	b, err := zbeacon.New(&zbeacon.Options{Interface: "eth0"})
//	defer b.Close()
//	err = b.Publish([]byte("printer:5555"), time.Second)
//	b.Subscribe([]byte("printer"))
//	for s, err := range b.Signals(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(s.Source, string(s.Payload))
//	}
//
// Delivery is at most once and in no order: a beacon may be lost, and the next one
// replaces it. Nothing is authenticated. Every program on the network can send any
// payload, and can forge the source address.
//
// The payload and its meaning belong to the application. Package zyre uses the beacons
// of 36/ZRE, whose transport this package implements: https://rfc.zeromq.org/spec/36/
package zbeacon
