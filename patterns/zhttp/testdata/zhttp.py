"""The two sides of ZHTTP in its basic arrangement (RFC 33) on libzmq, for the interop
tests.

    zhttp.py zurl               prints its endpoint, and answers requests as zurl does
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


def end_with_input():
    while os.read(0, 1):
        pass
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
role, *arguments = sys.argv[1:]
{"zurl": zurl, "proxy": proxy}[role](*arguments)
