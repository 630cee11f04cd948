"""A node of 36/ZRE, written from the RFC with pyzmq. The arguments are the UDP port of the beacons and the name. It uses
the loopback interface, is in the group "foreign" and joins "later" after the first HELLO. It answers each WHISPER with a
WHISPER and each SHOUT with a SHOUT of the same content. Prints what it receives, unless its name is "quiet"; exits with a message if the sequence of
a peer is wrong. At the end of its standard input it leaves with a beacon of port 0."""

import os
import socket
import struct
import sys
import threading
import time
import uuid

import zmq

port, name = int(sys.argv[1]), sys.argv[2]
me = uuid.uuid4().bytes
context = zmq.Context()
inbox = context.socket(zmq.ROUTER)
mailbox = inbox.bind_to_random_port("tcp://127.0.0.1", 0xC000, 0xFFFF)

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
udp.bind(("", port))


class Peer:
    def __init__(self, identity, endpoint):
        self.sent = self.received = 0
        self.ready = False
        self.status = None
        self.dealer = context.socket(zmq.DEALER)
        self.dealer.identity = b"\x01" + me
        self.dealer.connect(endpoint)
        groups = struct.pack(">I", 1) + longstr(b"foreign")
        headers = struct.pack(">I", 1) + string(b"X-FROM") + longstr(b"python")
        here = b"tcp://127.0.0.1:%d" % mailbox
        self.send(1, string(here) + groups + b"\x01" + string(name.encode()) + headers)

    def send(self, command, fields=b"", content=()):
        self.sent = self.sent + 1 & 0xFFFF
        head = b"\xaa\xa1" + struct.pack(">BBH", command, 2, self.sent)
        self.dealer.send_multipart([head + fields, *content])


def string(s):
    return bytes([len(s)]) + s


def longstr(s):
    return struct.pack(">I", len(s)) + s


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, n):
        part, self.data = self.data[:n], self.data[n:]
        if len(part) != n:
            sys.exit("short command")
        return part

    def number(self, n):
        return int.from_bytes(self.take(n), "big")

    def string(self):
        return self.take(self.number(1)).decode()

    def longstr(self):
        return self.take(self.number(4)).decode()


peers = {}


def say(*words):
    if name != "quiet":
        print(*words, flush=True)


def on_beacon():
    data, (host, _) = udp.recvfrom(256)
    if len(data) != 22 or data[:4] != b"ZRE\x01" or data[4:20] == me:
        return
    identity, peer_port = data[4:20], int.from_bytes(data[20:], "big")
    if peer_port == 0:
        if peers.pop(identity, None):
            say("left")
    elif identity not in peers:
        peers[identity] = Peer(identity, f"tcp://{host}:{peer_port}")


def on_command():
    route, head, *content = inbox.recv_multipart()
    if len(route) != 17 or route[0] != 1 or head[:2] != b"\xaa\xa1" or head[3] != 2:
        sys.exit(f"malformed: {route} {head}")
    identity, command, r = route[1:], head[2], Reader(head[4:])
    sequence = r.number(2)
    peer = peers.get(identity)
    if command == 1:
        endpoint = r.string()
        groups = [r.longstr() for _ in range(r.number(4))]
        status, peer_name = r.number(1), r.string()
        headers = {r.string(): r.longstr() for _ in range(r.number(4))}
        if peer is None:
            peer = peers[identity] = Peer(identity, endpoint)
        peer.ready, peer.received, peer.status = True, 0, status
        say("hello", peer_name, ",".join(groups), headers, status)
        peer.send(4, string(b"later") + b"\x02")
    if peer is None or not peer.ready:
        return
    peer.received = peer.received + 1 & 0xFFFF
    if sequence != peer.received:
        sys.exit(f"sequence {sequence}, want {peer.received}")
    if command == 2:
        say("whisper", b"|".join(content).decode())
        peer.send(2, b"", content)
    elif command == 3:
        group = r.string()
        say("shout", group, b"|".join(content).decode())
        peer.send(3, string(group.encode()), content)
    elif command in (4, 5):
        group, status = r.string(), r.number(1)
        peer.status = peer.status + 1 & 0xFF
        if status != peer.status:
            sys.exit(f"status {status}, want {peer.status}")
        say("join" if command == 4 else "leave", group)
    elif command == 6:
        say("ping")
        peer.send(7)
    elif command == 7:
        say("ping-ok")


def broadcast(mailbox_port):
    udp.sendto(b"ZRE\x01" + me + struct.pack(">H", mailbox_port), ("127.255.255.255", port))


ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
poller = zmq.Poller()
poller.register(inbox, zmq.POLLIN)
poller.register(udp.fileno(), zmq.POLLIN)
next_beacon = 0
while not ended.is_set():
    if time.monotonic() >= next_beacon:
        next_beacon = time.monotonic() + 0.2
        broadcast(mailbox)
    for ready, _ in poller.poll(50):
        if ready is inbox:
            on_command()
        else:
            on_beacon()
broadcast(0)
os._exit(0)
