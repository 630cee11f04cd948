"""A publisher and a subscriber of pyzmq.

peer.py pub ENDPOINT: connects a PUB, prints "ready" when a subscription of all topics has
arrived, and publishes each line of stdin, "TOPIC VALUE", as a message of two frames.

peer.py sub ENDPOINT PREFIX...: prints the messages of the prefixes.
"""

import sys

import zmq


def publish(endpoint):
    pub = zmq.Context.instance().socket(zmq.XPUB)
    pub.connect(endpoint)
    assert pub.recv() == b"\x01"
    print("ready", flush=True)
    for line in sys.stdin:
        pub.send_multipart([f.encode() for f in line.split()])
        print("ok", flush=True)


def subscribe(endpoint, *prefixes):
    sub = zmq.Context.instance().socket(zmq.SUB)
    for p in prefixes:
        sub.setsockopt(zmq.SUBSCRIBE, p.encode())
    sub.connect(endpoint)
    while True:
        print(*(f.decode() for f in sub.recv_multipart()), flush=True)


if __name__ == "__main__":
    {"pub": publish, "sub": subscribe}[sys.argv[1]](*sys.argv[2:])
