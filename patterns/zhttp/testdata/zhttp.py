"""The two sides of ZHTTP (RFC 33) on libzmq, for the interop tests.

    zhttp.py zurl               prints its endpoint, and answers requests as zurl does
    zhttp.py stream             prints its endpoints, and streams bodies as zurl does
    zhttp.py initiator IN INSTREAM OUT
                                sends and receives streams, and prints "ok" if they are right
    zhttp.py proxy ENDPOINT     sends requests, and prints "ok" if the responses are right

The process ends at the end of its input.
"""

import os
import sys
import threading

import zmq

TIMEOUT = 20000


def dumps(v):
    if isinstance(v, bool):
        data, kind = b"true" if v else b"false", b"!"
    elif isinstance(v, int):
        data, kind = b"%d" % v, b"#"
    elif isinstance(v, bytes):
        data, kind = v, b","
    elif isinstance(v, list):
        data, kind = b"".join(map(dumps, v)), b"]"
    elif isinstance(v, dict):
        data, kind = b"".join(dumps(k) + dumps(v[k]) for k in v), b"}"
    elif v is None:
        data, kind = b"", b"~"
    return b"%d:" % len(data) + data + kind


def loads(b):
    v, rest = parse(b)
    assert rest == b""
    return v


def parse(b):
    length, rest = b.split(b":", 1)
    n = int(length)
    data, kind, rest = rest[:n], rest[n : n + 1], rest[n + 1 :]
    if kind == b",":
        return data, rest
    if kind == b"#":
        return int(data), rest
    if kind == b"!":
        return data == b"true", rest
    if kind == b"~":
        return None, rest
    items = []
    while data:
        item, data = parse(data)
        items.append(item)
    if kind == b"]":
        return items, rest
    assert kind == b"}", kind
    return dict(zip(items[::2], items[1::2])), rest


def zurl():
    s = zmq.Context().socket(zmq.ROUTER)
    s.bind("tcp://127.0.0.1:*")
    print(s.LAST_ENDPOINT.decode(), flush=True)
    while True:
        *envelope, message = s.recv_multipart()
        assert message[:1] == b"T" and b"" in envelope, (envelope, message)
        request = loads(message[1:])
        response = {b"id": request[b"id"]}
        if b"/policy" in request[b"uri"]:
            response.update({b"type": b"error", b"condition": b"policy-violation"})
        else:
            seen = b" ".join([request[b"method"], request[b"uri"], request.get(b"body", b"")])
            response.update({
                b"code": 201, b"reason": b"Made up", b"body": seen,
                b"headers": [[b"Content-Type", b"text/x"], [b"X-A", b"1"], [b"X-A", b"2"], [b"Transfer-Encoding", b"chunked"]],
            })
        s.send_multipart(envelope + [b"T" + dumps(response)])


class Session:
    """The responder of one request, which sends back the request's body, or N bytes for
    the path /N, as the initiator grants credits."""

    STEP = 1000

    def __init__(self, out, request):
        self.out, self.sender, self.id = out, request[b"from"], request[b"id"]
        self.in_seq = self.out_seq = 0
        self.credits, self.complete, self.head = 0, False, False
        self.path = request[b"uri"].rsplit(b"/", 1)[1]
        self.body = b"x" * int(self.path) if self.path.isdigit() else b""

    def send(self, **fields):
        d = {b"from": b"python", b"id": self.id, b"seq": self.out_seq}
        d.update({k.encode(): v for k, v in fields.items()})
        self.out_seq += 1
        self.out.send(self.sender + b" T" + dumps(d))

    def receive(self, d):
        """Processes a message, and returns whether the session has ended."""
        if d.get(b"type") == b"cancel":
            return True
        assert d[b"seq"] == self.in_seq, d
        self.in_seq += 1
        self.credits += d.get(b"credits", 0)
        if b"type" not in d:
            self.body += d.get(b"body", b"")
            self.complete = not d.get(b"more", False)
            if not self.complete:
                self.send(type=b"credit", credits=self.STEP)
        if self.path == b"error" and self.credits:
            self.send(type=b"error", condition=b"remote-connection-failed")
            return True
        return self.advance()

    def advance(self):
        while self.complete and (self.credits > 0 or not self.body):
            n = min(self.STEP, self.credits)
            part, self.body = self.body[:n], self.body[n:]
            self.credits -= len(part)
            fields = {} if self.head else {"code": 200, "reason": b"OK", "headers": [[b"X-A", b"1"]]}
            if self.body:
                fields["more"] = True
            self.head = True
            self.send(body=part, **fields)
            if not self.body:
                return True
        return False


def stream():
    context = zmq.Context()
    first, rest, out = context.socket(zmq.PULL), context.socket(zmq.DEALER), context.socket(zmq.PUB)
    rest.identity = b"python"
    out.sndhwm = 0
    for s in first, rest, out:
        s.bind("tcp://127.0.0.1:*")
    print(*(s.LAST_ENDPOINT.decode() for s in (first, rest, out)), flush=True)
    sessions = {}
    poller = zmq.Poller()
    poller.register(first, zmq.POLLIN)
    poller.register(rest, zmq.POLLIN)
    while True:
        for s, _ in poller.poll():
            message = s.recv_multipart()
            assert message[:-1] == ([b""] if s is rest else []) and message[-1][:1] == b"T", message
            d = loads(message[-1][1:])
            key = d[b"from"], d[b"id"]
            if s is first:
                assert d[b"stream"], d
                sessions[key] = Session(out, d)
            if key in sessions and sessions[key].receive(d):
                del sessions[key]


def proxy(endpoint):
    context = zmq.Context()
    for kind, prefix in [(zmq.REQ, b"T"), (zmq.DEALER, b"")]:
        s = context.socket(kind)
        s.linger = 0
        s.connect(endpoint)
        for n in range(20):
            number = b"%d" % n
            request = {
                b"id": number, b"method": b"POST", b"uri": b"http://example.org/" + number, b"body": b"body " + number,
                b"headers": [[b"X-A", number]], b"user-data": [1, True, None], b"peer-address": b"192.0.2.1", b"peer-port": 7,
            }
            envelope = [b""] if kind == zmq.DEALER else []
            s.send_multipart(envelope + [prefix + dumps(request)])
            assert s.poll(TIMEOUT), "no response"
            *got, message = s.recv_multipart()
            assert got == envelope and message.startswith(prefix), message
            response = loads(message[len(prefix):])
            body = b"POST /" + number + b" " + number + b" 192.0.2.1:7 body " + number
            want = {b"id": number, b"code": 200, b"reason": b"OK", b"body": body, b"user-data": [1, True, None]}
            assert {k: response[k] for k in want} == want, response
            assert [b"X-B", b"c"] in response[b"headers"], response
    print("ok", flush=True)


def initiator(first_endpoint, rest_endpoint, in_endpoint):
    """Sends requests with bodies of several messages, and reads responses with credits."""
    context = zmq.Context()
    first, rest, responses = context.socket(zmq.PUSH), context.socket(zmq.ROUTER), context.socket(zmq.SUB)
    rest.router_mandatory = 1
    responses.subscribe(b"python ")
    for s, e in (first, first_endpoint), (rest, rest_endpoint), (responses, in_endpoint):
        s.linger = 0
        s.connect(e)
    threading.Event().wait(0.5)  # until the subscription has arrived; libzmq does not report that
    for size in 0, 10, 5000, 50000:
        body, got, credits, seq, expected = b"z" * size, b"", 0, 1, 0
        d = {b"from": b"python", b"id": b"%d" % size, b"seq": 0, b"method": b"POST", b"uri": b"http://example.org/a", b"headers": []}
        d.update({b"body": body[:100], b"stream": True, b"credits": 1000, b"user-data": b"u"})
        body = body[100:]
        if body:
            d[b"more"] = True
        first.send(b"T" + dumps(d))
        more = True
        while more:
            assert responses.poll(TIMEOUT), "no response"
            prefix, message = responses.recv().split(b" T", 1)
            r = loads(message)
            assert prefix == b"python" and r[b"id"] == d[b"id"] and r[b"seq"] == expected and r[b"user-data"] == b"u", r
            expected += 1
            credits += r.get(b"credits", 0)
            follow = []
            if b"type" not in r:
                got += r[b"body"]
                more = r.get(b"more", False)
                if more and r[b"body"]:
                    follow.append({b"type": b"credit", b"credits": len(r[b"body"])})
            else:
                assert r[b"type"] in (b"credit", b"keep-alive"), r
            if body and credits:
                part, body = body[:min(credits, 700)], body[min(credits, 700):]
                credits -= len(part)
                follow.append({b"body": part, b"more": True} if body else {b"body": part})
            while follow:
                f = follow.pop(0)
                f.update({b"from": b"python", b"id": d[b"id"], b"seq": seq})
                seq += 1
                rest.send_multipart([r[b"from"], b"", b"T" + dumps(f)])
                if b"body" in f and body and credits:
                    part, body = body[:min(credits, 700)], body[min(credits, 700):]
                    credits -= len(part)
                    follow.append({b"body": part, b"more": True} if body else {b"body": part})
        assert got == b"z" * size, (size, len(got))
    print("ok", flush=True)


def end_with_input():
    while os.read(0, 1):
        pass
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
role, *arguments = sys.argv[1:]
{"zurl": zurl, "stream": stream, "initiator": initiator, "proxy": proxy}[role](*arguments)
