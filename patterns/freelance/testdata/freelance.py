"""Servers and clients of the Guide's three Freelance models on libzmq, for the interop
tests. Model 3 is RFC 10.

    freelance.py server MODEL MUTE              prints its endpoint; with MUTE 1 it answers nothing but PING
    freelance.py client MODEL REQUESTS ENDPOINT prints "ok" if each request was answered

The process ends at the end of its input. Times are in milliseconds.
"""

import os
import socket
import sys
import threading

import zmq

TIMEOUT = 20000


def bind_free_port(s, model):
    """Binds s to a free port, which must be known before because of the identity."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            endpoint = "tcp://127.0.0.1:%d" % probe.getsockname()[1]
        if model == "3":
            s.identity = endpoint.encode()
        try:
            s.bind(endpoint)
            return endpoint
        except zmq.ZMQError:
            pass


def server(model, mute):
    s = zmq.Context().socket(zmq.ROUTER if model == "3" else zmq.REP)
    endpoint = bind_free_port(s, model)
    print(endpoint, flush=True)
    while True:
        message = s.recv_multipart()
        if model == "3":
            client, control, *body = message
            if not body:
                assert control == b"PING", control
                s.send_multipart([client, b"PONG"])
            elif mute == "0":
                s.send_multipart([client, control, b"python"] + body)
        elif mute == "1":
            s.close()
            threading.Event().wait()
        elif model == "2":
            sequence, *body = message
            s.send_multipart([sequence, b"python"] + body)
        else:
            s.send_multipart([b"python"] + message)


def receive(s):
    if not s.poll(TIMEOUT):
        raise TimeoutError("no reply")
    return s.recv_multipart()


def client(model, requests, endpoint):
    context = zmq.Context()
    s = context.socket({"1": zmq.REQ, "2": zmq.DEALER, "3": zmq.ROUTER}[model])
    s.linger = 0
    s.connect(endpoint)
    if model == "3":
        s.router_mandatory = 1
        while True:  # until the connection is complete
            try:
                s.send_multipart([endpoint.encode(), b"PING"])
                break
            except zmq.ZMQError:
                threading.Event().wait(0.01)
        assert receive(s) == [endpoint.encode(), b"PONG"]
    for n in range(int(requests)):
        body, number = b"body %d" % n, b"%d" % n
        prefix = {"1": [], "2": [b"", number], "3": [endpoint.encode(), number]}[model]
        s.send_multipart(prefix + [body])
        reply = receive(s)
        if reply != prefix + [b"go", body]:
            raise ValueError("reply %r" % reply)
    print("ok", flush=True)


def end_with_input():
    while os.read(0, 1):
        pass
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
role, *arguments = sys.argv[1:]
{"server": server, "client": client}[role](*arguments)
