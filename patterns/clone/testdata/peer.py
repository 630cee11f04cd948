"""A server and a client of RFC 12 (CHP) with pyzmq.

peer.py server: binds the three ports and prints their endpoints, prints "set KEY VALUE"
for each KVSET, publishes it as KVPUB and sends HUGZ every 100 ms. Its hashmap has
"/first = 1" at the beginning.

peer.py client SNAPSHOT PUBLISHER COLLECTOR SUBTREE: prints "sync KEY VALUE" for each
KVSYNC, "end N" for KTHXBAI, then "pub KEY VALUE PROPERTIES" for each KVPUB, "hugz" for the
first HUGZ, and sends each line of stdin, "KEY VALUE TTL", as a KVSET.
"""

import struct
import sys
import uuid

import zmq


def say(*words):
    print(*(w.decode() if isinstance(w, bytes) else w for w in words), flush=True)


def server():
    context = zmq.Context.instance()
    snapshot, publisher, collector = (context.socket(t) for t in (zmq.ROUTER, zmq.PUB, zmq.SUB))
    collector.setsockopt(zmq.SUBSCRIBE, b"")
    say(*("tcp://127.0.0.1:%d" % s.bind_to_random_port("tcp://127.0.0.1") for s in (snapshot, publisher, collector)))
    values, number = {b"/first": b"1"}, 1
    poller = zmq.Poller()
    poller.register(snapshot, zmq.POLLIN)
    poller.register(collector, zmq.POLLIN)
    while True:
        ready = dict(poller.poll(100))
        if snapshot in ready:
            client, command, subtree = snapshot.recv_multipart()
            assert command == b"ICANHAZ?"
            for key, value in values.items():
                if key.startswith(subtree):
                    snapshot.send_multipart([client, key, struct.pack("!q", 0), b"", b"", value])
            snapshot.send_multipart([client, b"KTHXBAI", struct.pack("!q", number), b"", b"", subtree])
        if collector in ready:
            key, _, ident, props, value = collector.recv_multipart()
            assert len(ident) == 16
            number += 1
            if value:
                values[key] = value
            else:
                values.pop(key, None)
            say("set", key, value, props.replace(b"\n", b";"))
            publisher.send_multipart([key, struct.pack("!q", number), ident, props, value])
        if not ready:
            publisher.send_multipart([b"HUGZ", struct.pack("!q", 0), b"", b"", b""])


def client(snapshot_at, publisher_at, collector_at, subtree=""):
    context = zmq.Context.instance()
    snapshot, subscriber, publisher = (context.socket(t) for t in (zmq.DEALER, zmq.SUB, zmq.PUB))
    snapshot.connect(snapshot_at)
    subscriber.setsockopt(zmq.SUBSCRIBE, subtree.encode())
    subscriber.setsockopt(zmq.SUBSCRIBE, b"HUGZ")
    subscriber.connect(publisher_at)
    publisher.connect(collector_at)
    snapshot.send_multipart([b"ICANHAZ?", subtree.encode()])
    while True:
        key, number, ident, props, value = snapshot.recv_multipart()
        assert not ident and not props
        if key == b"KTHXBAI":
            last = struct.unpack("!q", number)[0]
            assert value == subtree.encode()
            say("end", str(last))
            break
        say("sync", key, value)
    poller = zmq.Poller()
    poller.register(subscriber, zmq.POLLIN)
    poller.register(0, zmq.POLLIN)
    beat = False
    while True:
        ready = dict(poller.poll())
        if subscriber in ready:
            key, number, ident, props, value = subscriber.recv_multipart()
            if key == b"HUGZ":
                if not beat:
                    beat = True
                    say("hugz")
                continue
            assert len(ident) in (0, 16)
            if struct.unpack("!q", number)[0] > last:
                last = struct.unpack("!q", number)[0]
                say("pub", key, value, props.replace(b"\n", b";"))
        if 0 in ready:
            key, value, ttl = sys.stdin.readline().split(" ")
            props = b"ttl=%d\n" % int(ttl) if int(ttl) else b""
            publisher.send_multipart([key.encode(), struct.pack("!q", 0), uuid.uuid4().bytes, props, value.encode()])


if __name__ == "__main__":
    {"server": server, "client": client}[sys.argv[1]](*sys.argv[2:])
