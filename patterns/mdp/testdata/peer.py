"""A client or worker of MDP with pyzmq: peer.py client|worker 1|2 ENDPOINT.

A worker serves "echo": it returns the body in upper case; in MDP/0.2 after a partial reply.
It leaves after the request "stop". A client sends the lines of standard input to "echo" and
to mmi.service, and prints the replies."""
import sys
import time
import zmq

role, version, endpoint = sys.argv[1:]
context = zmq.Context()


def worker():
    prefix = [b"", b"MDPW01"] if version == "1" else [b"MDPW02"]
    final, beat, bye = (b"\3", b"\4", b"\5") if version == "1" else (b"\4", b"\5", b"\6")
    while True:
        s = context.socket(zmq.DEALER)
        s.linger = 1000
        s.connect(endpoint)
        s.send_multipart(prefix + [b"\1", b"echo"])
        heard = sent = time.monotonic()
        while time.monotonic() - heard < 2:
            if time.monotonic() - sent > 0.5:
                s.send_multipart(prefix + [beat])
                sent = time.monotonic()
            if not s.poll(100):
                continue
            frames = s.recv_multipart()
            assert frames[:len(prefix)] == prefix, frames
            heard = time.monotonic()
            command, rest = frames[len(prefix)], frames[len(prefix) + 1:]
            if command == bye:
                break
            if command == beat:
                continue
            assert command == b"\2" and rest[1] == b"", frames
            if version == "2":
                s.send_multipart(prefix + [b"\3"] + rest[:2] + [b"partial"])
            s.send_multipart(prefix + [final] + rest[:2] + [f.upper() for f in rest[2:]])
            if rest[2] == b"stop":
                s.send_multipart(prefix + [bye])
                s.close()
                return
        s.close(linger=0)


def client():
    s = context.socket(zmq.REQ if version == "1" else zmq.DEALER)
    s.connect(endpoint)
    prefix = [b"MDPC01"] if version == "1" else [b"MDPC02", b"\1"]
    for line in sys.stdin:
        service, body = line.strip().encode().split(b" ", 1)
        s.send_multipart(prefix + [service] + body.split(b" "))
        while True:
            if not s.poll(10000):
                sys.exit("no reply")
            frames = s.recv_multipart()
            kind = b"final"
            if version == "2":
                assert frames[0] == b"MDPC02", frames
                kind = {b"\2": b"partial", b"\3": b"final"}[frames[1]]
                frames = frames[1:]
            assert frames[1] == service, frames
            print(kind.decode(), b" ".join(frames[2:]).decode(), flush=True)
            if kind == b"final":
                break


worker() if role == "worker" else client()
