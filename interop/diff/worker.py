"""Runs scenarios on libzmq: a line of JSON in, a line of JSON out.

A line of input is a plan, {"name", "sockets", "steps", "wired"}; the answer is
{"trace": [outcome, ...]} or {"error": text}. scenario_test.go and plan_test.go
define the fields. A frame is a text with one character per byte. The process
ends at the end of its input.

The worker never waits for a fixed time. libzmq is asynchronous in four places.
For each, the worker has a way to detect that pending work is done:

  the mailbox of a socket   an API call processes it: pump
  the I/O thread            a single thread that processes commands in order: a
                            message between two sockets of the worker, and back
  the reaper thread         processes commands in order: the worker closes a
                            socket of its own and waits for its end
  connecting                the handshake event of the monitor
"""

import errno
import json
import os
import socket
import sys
import threading
import time

import zmq
from zmq.utils import z85

# Seconds; bounds every wait. Only a difference between the implementations
# causes a wait of this length.
WAIT_LIMIT = float(sys.argv[2])

# Default linger time in milliseconds.
LINGER = int(WAIT_LIMIT * 1000)

ERRNO = {zmq.EFSM: "EFSM"}

# Options without a name in pyzmq.
OPTIONS = {"xpub_manual_last_value": 98, "only_first_subscribe": 108}


def name(e):
    return ERRNO.get(e.errno) or {"EOPNOTSUPP": "ENOTSUP"}.get(
        errno.errorcode.get(e.errno), errno.errorcode.get(e.errno, str(e)))


# The events that end a handshake, with their names in scenarios.
HANDSHAKES = {
    int(zmq.EVENT_HANDSHAKE_SUCCEEDED): lambda value: "ready",
    int(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL): lambda value: "failed",  # the value is an arbitrary errno
    int(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL): lambda value: "protocol 0x%x" % value,
    int(zmq.EVENT_HANDSHAKE_FAILED_AUTH): lambda value: "auth %d" % value,
}


class Watched:
    """A socket with its monitor."""

    serial = 0

    def __init__(self, context, type, options):
        self.socket = context.socket(type)
        self.socket.setsockopt(zmq.LINGER, LINGER)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 10)
        for option, value in options.items():
            if isinstance(value, str):
                value = value.encode("latin-1")
            self.socket.setsockopt(OPTIONS.get(option) or getattr(zmq, option.upper()), value)
        Watched.serial += 1
        at = "inproc://monitor-%d" % Watched.serial
        handshakes = sum(HANDSHAKES)
        if type == zmq.STREAM:  # has no handshake event
            handshakes = zmq.EVENT_CONNECTED | zmq.EVENT_ACCEPTED
        self.socket.monitor(at, handshakes | zmq.EVENT_MONITOR_STOPPED)
        self.monitor = context.socket(zmq.PAIR)
        self.monitor.setsockopt(zmq.LINGER, 0)
        self.monitor.connect(at)
        self.handshakes = 0  # that have succeeded
        self.outcomes = []  # of handshakes, which no step has taken
        self.stopped = False
        self.proxied = False  # a thread of a proxy uses the socket

    def pump(self):
        """Has the socket process its mailbox and nothing else. Reading
        ZMQ_EVENTS would already take a message from a pipe."""
        if self.proxied:
            return
        try:
            self.socket.disconnect("inproc://unused")
        except zmq.ZMQError:
            pass

    def look(self):
        while True:
            try:
                event = self.monitor.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            kind, value = (int.from_bytes(b, sys.byteorder) for b in (event[0][:2], event[0][2:]))
            if kind in HANDSHAKES:
                self.outcomes.append(HANDSHAKES[kind](value))
            if kind == zmq.EVENT_MONITOR_STOPPED:
                self.stopped = True
            elif kind not in HANDSHAKES or kind == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.handshakes += 1


class Proxy:
    """A steerable proxy in a thread of its own. Without a control socket of the
    scenario it has one of the worker."""

    serial = 0

    def __init__(self, context, front, back, capture, control):
        self.control = None
        self.end = None
        if control is None:
            Proxy.serial += 1
            self.control, self.end = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
            for s in (self.control, self.end):
                s.setsockopt(zmq.LINGER, 0)
            self.control.setsockopt(zmq.RCVTIMEO, int(WAIT_LIMIT * 1000))
            self.end.bind("inproc://proxy-%d" % Proxy.serial)
            self.control.connect("inproc://proxy-%d" % Proxy.serial)
            control = self.end
        self.quiet = capture is not None  # the capture socket receives commands too
        self.error = None
        self.thread = threading.Thread(target=self.run, args=(front, back, capture, control), daemon=True)
        self.thread.start()

    def run(self, *sockets):
        try:
            zmq.proxy_steerable(*sockets)
        except zmq.ZMQError as e:
            self.error = e

    def settle(self):
        """Returns when the proxy has forwarded what has arrived. It executes at
        most one command in each iteration of its loop. With a capture socket, only
        receiving shows what it has forwarded."""
        if self.control is None or self.quiet or not self.thread.is_alive():
            return
        for _ in range(2):
            self.control.send(b"STATISTICS")
            while not self.control.poll(10):
                if not self.thread.is_alive():
                    return
            self.control.recv_multipart()

    def stop(self):
        if self.control is not None and self.thread.is_alive():
            self.control.send(b"TERMINATE")
        self.wait()
        for s in (self.control, self.end):
            if s is not None:
                s.close(0)

    def wait(self):
        self.thread.join(WAIT_LIMIT)
        if self.thread.is_alive():
            raise TimeoutError("the proxy has not ended")


class Stream:
    """A plain connection, the peer of a STREAM. It has one connection at a time,
    and accepts the next one when a step needs it."""

    def __init__(self, worker):
        self.worker = worker
        self.listener = None
        self.conn = None

    def pump(self):
        pass

    def address(self, at):
        if at.startswith("ipc://"):
            return socket.AF_UNIX, at[len("ipc://"):]
        host, port = at[len("tcp://"):].split(":")
        return socket.AF_INET, (host, int(port))

    def bind(self, step):
        family, address = self.address(step["at"])
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)
        self.listener.listen()

    def connect(self, step):
        family, address = self.address(step["at"])
        self.conn = socket.socket(family)
        self.conn.settimeout(WAIT_LIMIT)
        self.conn.connect(address)

    def ready(self):
        if self.conn is None:
            self.listener.settimeout(WAIT_LIMIT)
            self.conn, _ = self.listener.accept()
        self.conn.settimeout(0.01)

    def send(self, step):
        self.ready()
        self.conn.settimeout(WAIT_LIMIT)
        self.conn.sendall(self.worker.substitute(step["frames"][0]).encode("latin-1"))

    def read(self, n):
        """Reads, while libzmq's sockets process their mailboxes."""
        self.ready()
        end = time.monotonic() + WAIT_LIMIT
        while True:
            try:
                return self.conn.recv(n)
            except socket.timeout:
                if time.monotonic() > end:
                    raise TimeoutError("nothing to read")
                self.worker.pump()

    def recv(self, step):
        data = b""
        while len(data) < step["count"]:
            more = self.read(step["count"] - len(data))
            if not more:
                return {"err": "EOF", "got": [[data.decode("latin-1")]]}
            data += more
        return {"got": [[data.decode("latin-1")]]}

    def eof(self, step):
        try:
            if self.read(1):
                return {"err": "received data instead of EOF"}
        except ConnectionResetError:
            pass  # the peer has closed with unread data

    def hangup(self, step):
        self.ready()
        self.conn.close()
        self.conn = None

    def close(self, step=None):
        if self.conn:
            self.conn.close()
        if self.listener:
            at = self.listener.getsockname()
            self.listener.close()
            if self.listener.family == socket.AF_UNIX and os.path.exists(at):
                os.unlink(at)


class ZAPHandler:
    """Answers ZAP requests with a status, or by the users and keys of a policy."""

    ENDPOINT = "inproc://zeromq.zap.01"

    def __init__(self, context):
        self.policy = None
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)

    def use(self, policy):
        """Binds the handler for a scenario with a policy, or unbinds it."""
        if self.policy:
            self.socket.unbind(self.ENDPOINT)
        self.policy = policy
        if self.policy:
            self.socket.bind(self.ENDPOINT)

    def pump(self):
        """Answers requests. One from the last scenario may arrive in this one."""
        while self.socket.poll(0):
            sender, empty, version, number, *request = self.socket.recv_multipart()
            policy = self.policy or {}
            status = policy.get("status") or ("200" if self.knows(policy, *request[3:]) else "400")
            self.socket.send_multipart([sender, empty, version, number, status.encode(), b"text", b"", b""])

    def knows(self, policy, mechanism, *credentials):
        if mechanism == b"PLAIN":
            user, password = credentials
            return (policy.get("users") or {}).get(user.decode()) == password.decode()
        return mechanism == b"CURVE" and z85.encode(credentials[0]).decode() in (policy.get("keys") or [])


class Worker:
    def __init__(self, place):
        self.context = zmq.Context()
        self.context.set(zmq.MAX_SOCKETS, 65535)
        self.ping = self.context.socket(zmq.PAIR)
        self.pong = self.context.socket(zmq.PAIR)
        for s in (self.ping, self.pong):
            s.setsockopt(zmq.LINGER, 0)
            s.setsockopt(zmq.RCVTIMEO, int(WAIT_LIMIT * 1000))
        self.ping.bind(place)
        self.pong.connect(place)
        self.zap = ZAPHandler(self.context)
        self.open = {}
        self.closing = []  # closed in this scenario, but waiting for peers
        self.proxies = {}  # by the first socket
        self.ended = []  # closed in earlier scenarios

    # Settling.

    def pump(self):
        self.zap.pump()
        for w in self.open.values():
            w.pump()

    def settle(self, rounds=3):
        """Returns when messages and commands in flight have arrived. One round
        is not enough: the I/O thread may put a command in a mailbox after the
        message of the worker has returned."""
        for _ in range(rounds):
            self.pump()
            if any(not w.stopped for w in self.closing):
                self.reap()
                for w in self.closing:
                    w.look()
            if self.wired:
                self.ping.send(b"")
                self.pong.recv()
                self.pong.send(b"")
                self.ping.recv()
            for p in self.proxies.values():
                p.settle()
        self.pump()

    def reap(self):
        """Returns when the reaper has processed the sockets closed before."""
        w = Watched(self.context, zmq.PAIR, {})
        w.socket.close(0)
        self.until(w, lambda: w.stopped)
        w.monitor.close(0)

    def until(self, w, done):
        """Waits for a condition that depends on a monitor event."""
        end = time.monotonic() + WAIT_LIMIT
        while True:
            self.pump()
            w.look()
            if done():
                return
            if time.monotonic() > end:
                raise TimeoutError("no monitor event")
            w.monitor.poll(1)

    # Steps.

    def bind(self, w, step):
        w.socket.bind(step["at"])

    def unbind(self, w, step):
        w.socket.unbind(step["at"])

    def connect(self, w, step):
        if step.get("as"):
            w.socket.setsockopt(zmq.CONNECT_ROUTING_ID, step["as"].encode("latin-1"))
        w.socket.connect(step["at"])

    def disconnect(self, w, step):
        w.socket.disconnect(step["at"])

    def close(self, w, step):
        del self.open[step["socket"]]
        w.socket.close()
        if step["plan"].get("wait"):
            self.until(w, lambda: w.stopped)
            w.monitor.close(0)
        else:
            # It waits for its peers, which process its end while it waits.
            self.closing.append(w)

    def subscribe(self, w, step):
        self.topic(w, step, zmq.SUBSCRIBE, b"\1")

    def unsubscribe(self, w, step):
        self.topic(w, step, zmq.UNSUBSCRIBE, b"\0")

    def topic(self, w, step, option, first):
        topic = step.get("topic", "").encode("latin-1")
        if w.socket.type == zmq.XSUB:
            w.socket.send(first + topic, zmq.DONTWAIT)
        else:
            w.socket.setsockopt(option, topic)

    def assign(self, w, step):
        w.socket.setsockopt(zmq.SUBSCRIBE, step.get("topic", "").encode("latin-1"))

    def unassign(self, w, step):
        w.socket.setsockopt(zmq.UNSUBSCRIBE, step.get("topic", "").encode("latin-1"))

    def substitute(self, f):
        return self.kept[f[1:]] if len(f) > 1 and f[0] == "$" else f

    def put(self, w, frames):
        w.pump()
        w.socket.send_multipart([self.substitute(f).encode("latin-1") for f in frames], zmq.DONTWAIT)

    def send(self, w, step):
        self.put(w, step["frames"])

    def fill(self, w, step):
        n = 0
        try:
            while n < step["count"]:
                self.put(w, ["%d" % (n + 1)])
                n += 1
        except zmq.Again:
            pass
        return {"counts": [n]}

    def take(self, w, step, got):
        frames = [f.decode("latin-1") for f in w.socket.recv_multipart(zmq.DONTWAIT)]
        if not got:
            for keep, frame in zip(step.get("keep", []), frames):
                if keep:
                    self.kept[keep] = frame
        got.append(frames)

    def recv(self, w, step):
        end = time.monotonic() + WAIT_LIMIT
        got = []
        while len(got) < step["count"]:
            self.pump()
            try:
                self.take(w, step, got)
            except zmq.Again:
                if time.monotonic() > end:
                    return {"got": got, "err": "EAGAIN"}
                self.settle()
            except zmq.ZMQError as e:
                return {"got": got, "err": name(e)}
        return {"got": got}

    def drain(self, w, step):
        got = []
        attempts = 0
        while True:
            # A socket that reaches the end of a pipe notifies the peer, which
            # answers. So one attempt is not enough.
            self.settle()
            before = len(got)
            err = self.sweep(w, step, got)
            attempts = attempts + 1 if len(got) == before else 0
            if err != zmq.EAGAIN:
                if err == zmq.EFSM and got:
                    return {"got": got}
                return {"got": got, "err": name(zmq.ZMQError(err))}
            if attempts == (4 if self.closing else 2):
                self.settle()
                return {"got": got}

    def sweep(self, w, step, got):
        """Receives until an error occurs, and returns the error."""
        while True:
            try:
                self.take(w, step, got)
            except zmq.ZMQError as e:
                return e.errno

    def proxy(self, w, step):
        others = [self.open.get(name) for name in step["of"]]
        for other in (w, *others):
            if other is not None:
                other.proxied = True
        self.proxies[step["socket"]] = Proxy(self.context, w.socket, *(o and o.socket for o in others))

    def proxyend(self, w, step):
        p = self.proxies[step["socket"]]
        p.wait()
        if p.error:
            raise p.error
        for other in self.open.values():
            other.proxied = False

    def event(self, w, step):
        """Waits for the end of the next handshake."""
        self.until(w, lambda: w.outcomes)
        return {"got": [[w.outcomes.pop(0)]]}

    def pool(self, _, step):
        got, counts = [], []
        for s in step["of"]:
            one = self.drain(self.open[s], step)
            got += one["got"]
            counts.append(len(one["got"]))
        return {"got": got, "counts": counts}

    # Scenarios.

    def step(self, step):
        w = self.open.get(step.get("socket"))
        handshakes = {}
        for s, n in step["plan"].get("handshakes", {}).items():
            self.open[s].look()
            handshakes[s] = self.open[s].handshakes + n
        try:
            if isinstance(w, Stream):
                outcome = getattr(w, step["do"])(step) or {}
                if step["do"] == "close":
                    del self.open[step["socket"]]
            else:
                outcome = getattr(self, step["do"])(w, step) or {}
        except zmq.ZMQError as e:
            outcome = {"err": name(e)}
        for s, n in handshakes.items():
            self.until(self.open[s], lambda: self.open[s].handshakes >= n)
        if step["plan"].get("settle"):
            self.settle()
        return outcome

    def run(self, plan):
        self.kept = {}
        self.wired = plan["wired"]
        self.zap.use(plan.get("zap"))
        try:
            for s in plan["sockets"]:
                if s["type"] == "TCP":
                    self.open[s["name"]] = Stream(self)
                    continue
                self.open[s["name"]] = Watched(self.context, getattr(zmq, s["type"]), s.get("options", {}))
            trace = []
            for step in plan["steps"]:
                try:
                    trace.append(self.step(step))
                except TimeoutError as e:
                    return {"error": "%s: %s" % (step, e), "trace": trace}
            return {"trace": trace}
        finally:
            self.end()

    def end(self):
        for p in self.proxies.values():
            p.stop()
        self.proxies = {}
        for w in self.open.values():
            if isinstance(w, Stream):
                w.close()
            else:
                w.socket.close(0)
                self.ended.append(w)
        self.ended += self.closing
        self.open, self.closing = {}, []
        # The reaper writes to the monitor of a socket that ends. It would block
        # if the monitor were closed before.
        still = []
        for w in self.ended:
            w.look()
            if w.stopped:
                w.monitor.close(0)
            else:
                still.append(w)
        self.ended = still


def main():
    w = Worker(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(w.run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
