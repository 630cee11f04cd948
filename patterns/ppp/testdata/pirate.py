"""A queue, a worker and a client of the Paranoid Pirate Protocol (RFC 6) on libzmq,
for the interop tests.

    pirate.py queue                             prints the endpoints of clients and workers
    pirate.py worker ENDPOINT REQUESTS          prints "ready" after the first heartbeat, and ends after
                                                this number of requests, without a reply to the last
    pirate.py client ENDPOINT REQUESTS          prints "ok" if each was answered

The process ends at the end of its input. Times are in seconds.
"""

import collections
import os
import sys
import threading
import time

import zmq

READY, HEARTBEAT = b"\x01", b"\x02"
INTERVAL = 0.1
TTL = 5


def queue():
    context = zmq.Context()
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.ROUTER)
    for s in front, back:
        s.bind("tcp://127.0.0.1:*")
    print(front.LAST_ENDPOINT.decode(), back.LAST_ENDPOINT.decode(), flush=True)
    expires = {}  # of each worker
    idle = collections.OrderedDict()
    beat = 0
    poller = zmq.Poller()
    poller.register(back, zmq.POLLIN)
    while True:
        poller.register(front, zmq.POLLIN if idle else 0)
        events = dict(poller.poll(INTERVAL * 1000))
        now = time.monotonic()
        if back in events:
            worker, *message = back.recv_multipart()
            if message == [READY] or worker in expires:
                expires[worker] = now + TTL
            if message == [READY]:
                idle[worker] = True
            elif message != [HEARTBEAT] and worker in expires:
                front.send_multipart(message)
                idle[worker] = True
        if front in events and idle:
            worker, _ = idle.popitem(last=False)
            back.send_multipart([worker] + front.recv_multipart())
        for worker in [w for w in expires if expires[w] < now]:
            del expires[worker]
            idle.pop(worker, None)
        if now >= beat:
            beat = now + INTERVAL
            for worker in expires:
                back.send_multipart([worker, HEARTBEAT])


def worker(endpoint, requests):
    s = zmq.Context().socket(zmq.DEALER)
    s.connect(endpoint)
    s.send(READY)
    beat, beats = time.monotonic() + INTERVAL, 0
    while True:
        if time.monotonic() >= beat:
            beat = time.monotonic() + INTERVAL
            s.send(HEARTBEAT)
        if not s.poll(INTERVAL * 1000):
            continue
        message = s.recv_multipart()
        if message == [HEARTBEAT]:
            beats += 1
            if beats == 1:
                print("ready", flush=True)
            continue
        # As the workers of the Guide, this one knows one address.
        client, empty, body = message
        requests -= 1
        if requests == 0:
            os._exit(0 if empty == b"" else 1)
        s.send_multipart([client, empty, b"python " + body])


def client(endpoint, requests):
    context = zmq.Context()
    for n in range(requests):
        body = b"%d" % n
        while True:  # the Lazy Pirate: each attempt has a socket
            s = context.socket(zmq.REQ)
            s.linger = 0
            s.connect(endpoint)
            s.send(body)
            answered = s.poll(2000)
            reply = s.recv() if answered else None
            s.close()
            if answered:
                break
        if reply.split()[-1] != body:
            raise ValueError("reply %r to %r" % (reply, body))
    print("ok", flush=True)


def end_with_input():
    while os.read(0, 1):
        pass
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
role, *arguments = sys.argv[1:]
{"queue": queue, "worker": worker, "client": client}[role](*(int(a) if a.isdigit() else a for a in arguments))
