"""A publisher and a subscriber that speak the event protocol of vLLM with pyzmq.

peer.py pub: binds a PUB and a replay ROUTER and prints their endpoints. Commands on stdin,
one a line: "publish TEXT", "skip TEXT" (numbered and buffered, but not sent, as a message
that the PUB drops), "restart" (numbers begin with 0, and the buffer is empty).

peer.py sub ENDPOINT REPLAY: prints "live N TEXT" for each message of the topic "kv", and
for a gap requests a replay with a DEALER and prints "replay N TEXT".

peer.py req REPLAY START: requests a replay with a REQ and prints the first reply.
"""

import collections
import sys

import zmq

END = (-1).to_bytes(8, "big", signed=True)


class Publisher:
    def __init__(self):
        context = zmq.Context.instance()
        self.pub = context.socket(zmq.PUB)
        self.router = context.socket(zmq.ROUTER)
        self.restart()
        ports = [s.bind_to_random_port("tcp://127.0.0.1") for s in (self.pub, self.router)]
        print(*("tcp://127.0.0.1:%d" % p for p in ports), flush=True)

    def restart(self, _=None):
        self.next = 0
        self.buffer = collections.deque(maxlen=5)

    def publish(self, text, send=True):
        number = self.next.to_bytes(8, "big")
        if send:
            self.pub.send_multipart([b"kv", number, text.encode()])
        self.buffer.append((self.next, text.encode()))
        self.next += 1

    def skip(self, text):
        self.publish(text, send=False)

    def replay(self):
        client, _, start = self.router.recv_multipart()
        start = int.from_bytes(start, "big")
        for number, payload in self.buffer:
            if number >= start:
                self.router.send_multipart([client, b"", number.to_bytes(8, "big"), payload])
        self.router.send_multipart([client, b"", END, b""])

    def run(self):
        poller = zmq.Poller()
        poller.register(self.router, zmq.POLLIN)
        poller.register(0, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self.router in ready:
                self.replay()
            if 0 in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                command, _, text = line.strip().partition(" ")
                getattr(self, command)(text)
                print("ok", flush=True)


def subscribe(endpoint, replay_endpoint):
    context = zmq.Context.instance()
    sub, replay = context.socket(zmq.SUB), context.socket(zmq.DEALER)
    sub.setsockopt(zmq.SUBSCRIBE, b"kv")
    sub.connect(endpoint)
    replay.connect(replay_endpoint)
    last = -1
    while True:
        topic, number, payload = sub.recv_multipart()
        number = int.from_bytes(number, "big")
        if number > last + 1:
            replay.send_multipart([b"", (last + 1).to_bytes(8, "big")])
            while True:
                _, n, old = replay.recv_multipart()
                if not old:
                    break
                n = int.from_bytes(n, "big")
                if last < n < number:
                    print("replay", n, old.decode(), flush=True)
                    last = n
        print("live", number, payload.decode(), flush=True)
        last = number


def request(endpoint, start):
    req = zmq.Context.instance().socket(zmq.REQ)
    req.connect(endpoint)
    req.send(int(start).to_bytes(8, "big"))
    number, payload = req.recv_multipart()
    print(int.from_bytes(number, "big", signed=True), payload.decode(), flush=True)


if __name__ == "__main__":
    mode, *args = sys.argv[1:]
    if mode == "pub":
        Publisher().run()
    else:
        {"sub": subscribe, "req": request}[mode](*args)
