"""The two sides of 35/FILEMQ, written from the RFC with pyzmq. "client ENDPOINT" subscribes to /, gives credit in small
pieces and prints each file when it is complete: name, size and SHA-1. "server" prints its endpoint, waits for a
subscription, sends the files a and b (which changes once), deletes b, and prints each command that it receives. Both end
at the end of their standard input."""

import hashlib
import os
import struct
import sys
import threading

import zmq

OHAI, OHAI_OK, ICANHAZ, ICANHAZ_OK, NOM, CHEEZBURGER, HUGZ, HUGZ_OK, KTHXBAI = 1, 4, 5, 6, 7, 8, 9, 10, 11
context = zmq.Context()


def command(number, fields=b""):
    return b"\xaa\xa3" + bytes([number]) + fields


def string(s):
    return bytes([len(s)]) + s


def say(*words):
    print(*words, flush=True)


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

    def dictionary(self):
        return {self.string(): self.take(self.number(4)).decode() for _ in range(self.number(4))}


def client(endpoint):
    dealer = context.socket(zmq.DEALER)
    dealer.connect(endpoint)
    dealer.send(command(OHAI, string(b"FILEMQ") + struct.pack(">H", 2)))
    if dealer.recv() != command(OHAI_OK):
        sys.exit("no OHAI-OK")
    resync = struct.pack(">I", 1) + string(b"RESYNC") + struct.pack(">I", 1) + b"1"
    dealer.send(command(ICANHAZ, string(b"/") + resync + struct.pack(">I", 0)))
    if dealer.recv() != command(ICANHAZ_OK):
        sys.exit("no ICANHAZ-OK")
    dealer.send(command(HUGZ))
    credit, expected, current = 0, 0, {}
    while True:
        if credit == 0:
            credit = 1000
            dealer.send(command(NOM, struct.pack(">QQ", credit, expected)))
        data = dealer.recv()
        if data[2] == HUGZ_OK:
            say("hugz-ok")
            continue
        if data[2] != CHEEZBURGER:
            sys.exit(f"unexpected {data!r}")
        r = Reader(data[3:])
        sequence, op, name, offset, eof = r.number(8), r.number(1), r.string(), r.number(8), r.number(1)
        r.dictionary()
        chunk = r.take(r.number(4))
        if sequence != expected:
            sys.exit(f"sequence {sequence}, want {expected}")
        expected += 1
        credit -= len(chunk)
        if credit < 0:
            sys.exit("more than the credit")
        if op == 2:
            say("delete", name)
            continue
        if offset == 0:
            current = {name: b""}
        if len(current.get(name, b"")) != offset:
            sys.exit(f"offset {offset} of {name}")
        current[name] += chunk
        if eof:
            say("file", name, len(current[name]), hashlib.sha1(current[name]).hexdigest())


def server():
    router = context.socket(zmq.ROUTER)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    say(f"tcp://127.0.0.1:{port}")
    sequence, credit, todo = 0, 0, []

    def chunk(op, name, offset, eof, data=b""):
        nonlocal sequence, credit
        head = struct.pack(">QB", sequence, op) + string(name) + struct.pack(">QBI", offset, eof, 0)
        router.send_multipart([client, command(CHEEZBURGER, head + struct.pack(">I", len(data)) + data)])
        sequence += 1
        credit -= len(data)

    while True:
        client, data = router.recv_multipart()
        r = Reader(data[3:])
        if data[2] == OHAI:
            say("ohai", r.string(), r.number(2))
            router.send_multipart([client, command(OHAI_OK)])
        elif data[2] == ICANHAZ:
            say("icanhaz", r.string(), r.dictionary(), len(r.dictionary()))
            router.send_multipart([client, command(ICANHAZ_OK)])
            for content in (b"a" * 3000, b"b" * 10, b"c" * 20):
                name = b"/a" if content[:1] == b"a" else b"/b"
                todo += [(1, name, i, i + 1000 >= len(content), content[i : i + 1000]) for i in range(0, len(content), 1000)]
            todo.append((2, b"/b", 0, 1))
        elif data[2] == NOM:
            credit += r.number(8)
            if r.number(8) > sequence:
                sys.exit("wrong sequence in NOM")
        elif data[2] == HUGZ:
            say("hugz")
            router.send_multipart([client, command(HUGZ_OK)])
        elif data[2] == KTHXBAI:
            say("kthxbai")
        while todo and (len(todo[0]) < 5 or credit >= len(todo[0][4])):
            chunk(*todo.pop(0))


threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
client(sys.argv[2]) if sys.argv[1] == "client" else server()
