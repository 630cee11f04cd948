"""The libzmq peer of the interop tests, controlled over stdin and stdout.

Each line of input is one command, a JSON object whose "do" names a method of
Peer; the answer is one line of JSON. Commands run one at a time. Times are in
milliseconds. The process ends at the end of its input.
"""

import base64
import functools
import hashlib
import json
import sys
import threading

import zmq
import zmq.utils.z85
from zmq.utils.monitor import parse_monitor_message

# Frames of up to this size are reported with their content. All are reported
# with a digest.
SHOWN = 1024


@functools.lru_cache(maxsize=64)
def blob(size, seed):
    """Returns content that both sides can generate: SHAKE-128 of the seed. The
    top bit of the first byte is set, because a message that begins with byte 0
    or 1 is a subscription."""
    if size == 0:
        return b""
    b = bytearray(hashlib.shake_128(b"%d" % seed).digest(size))
    b[0] |= 0x80
    return bytes(b)


def frame(spec):
    if "b64" in spec:
        return base64.b64decode(spec["b64"])
    return blob(spec["size"], spec["seed"])


def describe(b):
    d = {"size": len(b), "sha256": hashlib.sha256(b).hexdigest()}
    if len(b) <= SHOWN:
        d["b64"] = base64.b64encode(b).decode()
    return d


def numbered(n, size):
    """Returns message n of a sequence."""
    return [b"%d" % n, blob(size, n % 8)]


# The events that end a handshake.
HANDSHAKE_EVENTS = {
    int(getattr(zmq, "EVENT_" + name)): name
    for name in (
        "HANDSHAKE_SUCCEEDED",
        "HANDSHAKE_FAILED_NO_DETAIL",
        "HANDSHAKE_FAILED_PROTOCOL",
        "HANDSHAKE_FAILED_AUTH",
    )
}


class ZAPHandler(threading.Thread):
    """Answers the ZAP requests of a context. The policy has a status for all
    requests ("silent" for no answer), or the users and keys that are accepted.
    The user ID is empty: libzmq passes it to the socket as a frame, after which a
    REQ closes the connection at the first reply."""

    def __init__(self, context):
        super().__init__(daemon=True)
        self.policy = {}
        self.requests = []
        self.socket = context.socket(zmq.ROUTER)
        self.socket.bind("inproc://zeromq.zap.01")

    def run(self):
        while True:
            sender, empty, version, number, *request = self.socket.recv_multipart()
            status = self.policy.get("Status") or self.decide(*request[3:])
            self.requests.append(request)
            if status != "silent":
                self.socket.send_multipart([sender, empty, version, number, status.encode(), b"text", b"", b""])

    def decide(self, mechanism, *credentials):
        known = False
        if mechanism == b"PLAIN":
            user, password = credentials
            known = self.policy["Users"].get(user.decode()) == password.decode()
        if mechanism == b"CURVE":
            known = zmq.utils.z85.encode(credentials[0]).decode() in self.policy["Keys"]
        return "200" if known else "400"


class Peer:
    def __init__(self):
        self.context = zmq.Context()
        self.handler = None
        self.sockets = {}
        self.monitors = {}
        self.keys = {}  # public keys of CURVE

    def socket(self, name, type, options, monitor=False):
        s = self.context.socket(getattr(zmq, type))
        s.linger = 0
        for option, value in options.items():
            if option == "CURVE":
                self.keys[name] = self.curve(s, value)
                continue
            if option == "SERVERKEY":  # and a new key pair
                s.curve_publickey, s.curve_secretkey = zmq.curve_keypair()
                s.curve_serverkey = value.encode()
                continue
            if isinstance(value, str):
                value = value.encode()
            if isinstance(value, dict):
                value = frame(value)
            s.setsockopt(getattr(zmq, option), value)
        if monitor:
            self.monitors[name] = s.get_monitor_socket()
        self.sockets[name] = s

    def key(self, name):
        """Returns the public key of CURVE."""
        return {"names": [self.keys[name]]}

    def curve(self, s, role):
        public, secret = zmq.curve_keypair()
        s.setsockopt(zmq.CURVE_PUBLICKEY, public)
        s.setsockopt(zmq.CURVE_SECRETKEY, secret)
        if role == "server":
            s.setsockopt(zmq.CURVE_SERVER, 1)
        else:
            s.setsockopt(zmq.CURVE_SERVERKEY, public)
        return public.decode()

    def bind(self, name, endpoint):
        s = self.sockets[name]
        s.bind(endpoint)
        return {"endpoint": s.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()}

    def connect(self, name, endpoint):
        self.sockets[name].connect(endpoint)

    def subscribe(self, name, topics):
        for t in topics:
            self.sockets[name].setsockopt(zmq.SUBSCRIBE, frame(t))

    def unsubscribe(self, name, topics):
        for t in topics:
            self.sockets[name].setsockopt(zmq.UNSUBSCRIBE, frame(t))

    def wait(self, s, flag, timeout):
        # poll processes the commands of the I/O thread; a plain send may skip
        # that for a millisecond.
        if not s.poll(timeout, flag):
            raise TimeoutError("nothing to receive" if flag == zmq.POLLIN else "cannot send")

    def put(self, s, frames, timeout):
        self.wait(s, zmq.POLLOUT, timeout)
        s.send_multipart(frames, zmq.DONTWAIT)

    def take(self, s, timeout):
        self.wait(s, zmq.POLLIN, timeout)
        return s.recv_multipart(zmq.DONTWAIT)

    def send(self, name, frames, timeout):
        self.put(self.sockets[name], [frame(f) for f in frames], timeout)

    def recv(self, name, timeout, count=1):
        """Receives messages and describes their frames in one list."""
        s = self.sockets[name]
        return {"frames": [describe(b) for _ in range(count) for b in self.take(s, timeout)]}

    def poll(self, name, timeout):
        return {"count": self.sockets[name].poll(timeout, zmq.POLLIN)}

    def event(self, name, kind, timeout):
        """Waits for an event of the socket and discards earlier events."""
        want = getattr(zmq, "EVENT_" + kind)
        while True:
            m = parse_monitor_message(self.take(self.monitors[name], timeout))
            if m["event"] == want:
                return {"count": m["value"]}

    def outcome(self, name, timeout):
        """Waits for the end of a handshake, and returns the event with its code."""
        while True:
            m = parse_monitor_message(self.take(self.monitors[name], timeout))
            event = HANDSHAKE_EVENTS.get(m["event"])
            if event == "HANDSHAKE_FAILED_PROTOCOL":
                return {"names": ["%s 0x%x" % (event, m["value"])]}
            if event == "HANDSHAKE_FAILED_AUTH":
                return {"names": ["%s %d" % (event, m["value"])]}
            if event:  # the value of HANDSHAKE_FAILED_NO_DETAIL is an arbitrary errno
                return {"names": [event]}

    def zap(self, policy):
        """Starts a ZAP handler, or changes its policy."""
        if self.handler is None:
            self.handler = ZAPHandler(self.context)
            self.handler.policy = policy
            self.handler.start()
        self.handler.policy = policy

    def asked(self):
        """Returns the frames of all ZAP requests, from the domain on."""
        return {"frames": [describe(f) for r in self.handler.requests for f in r]}

    def fill(self, name, first, last, size, timeout):
        """Sends the sequence from first on until a send would block."""
        s = self.sockets[name]
        for n in range(first, last):
            try:
                s.send_multipart(numbered(n, size), zmq.DONTWAIT)
            except zmq.Again:
                return {"count": n}
        return {"count": last}

    def pump(self, name, first, last, size, timeout):
        """Sends the sequence from first on, blocking while queues are full."""
        s = self.sockets[name]
        for n in range(first, last):
            self.put(s, numbered(n, size), timeout)

    def drain(self, name, first, last, size, timeout):
        """Receives the sequence, which must be complete and in order."""
        s = self.sockets[name]
        for n in range(first, last):
            got = self.take(s, timeout)
            if got != numbered(n, size):
                raise ValueError("message %d of the sequence is %r" % (n, [f[:20] for f in got]))

    def drain_last(self, name, first, last, size, timeout):
        """Receives the sequence up to its last message, in order, and returns how
        many messages of it are missing."""
        s = self.sockets[name]
        missing, expected = 0, first
        while expected < last:
            got = self.take(s, timeout)
            n = int(got[0])
            if n < expected or got != numbered(n, size):
                raise ValueError("instead of message %d of the sequence: %r" % (expected, [f[:20] for f in got]))
            missing, expected = missing + n - expected, n + 1
        return {"count": missing}

    def follow(self, name, first, last, size, timeout):
        """Receives last-first messages of the sequence. They may begin anywhere
        and have gaps, but each must be complete, and they must be in order."""
        s = self.sockets[name]
        before = -1
        for _ in range(first, last):
            got = self.take(s, timeout)
            n = int(got[0])
            if n <= before or got != numbered(n, size):
                raise ValueError("message after %d of the sequence is %r" % (before, [f[:20] for f in got]))
            before = n

    def echo(self, name, count, timeout, reverse=False):
        """Sends count messages back: each immediately, or all at the end in
        reverse order."""
        s = self.sockets[name]
        kept = []
        for _ in range(count):
            m = self.take(s, timeout)
            if reverse:
                kept.append(m)
            else:
                self.put(s, m, timeout)
        for m in reversed(kept):
            self.put(s, m, timeout)

    def gather(self, name, size, timeout):
        """Receives size bytes from the one peer of a STREAM. Describes its
        routing ID and the bytes."""
        s = self.sockets[name]
        data = b""
        while len(data) < size:
            peer, piece = self.take(s, timeout)
            if not piece:
                raise ValueError("the connection ended after %d bytes" % len(data))
            data += piece
        return {"frames": [describe(peer), describe(data)]}

    def close(self, name):
        s = self.sockets.pop(name)
        if name in self.monitors:
            s.disable_monitor()
            self.monitors.pop(name).close(0)
        s.close(0)

    def version(self):
        return {"names": [zmq.zmq_version(), zmq.__version__]}

    def run(self):
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = getattr(self, command.pop("do"))(**command) or {}
            except Exception as e:
                answer = {"error": "%s: %s" % (type(e).__name__, e)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    Peer().run()
