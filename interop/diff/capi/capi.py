"""Calls libzmq's C functions: a line of JSON in, a line of JSON out.

A line of input is a list of calls, [{"do": name, ...}, ...]; the answer is the
list of their results. Bytes are in hexadecimal. A failed call has the result
{"err": name of the errno}. The process ends at the end of its input.

    capi.py <library> [<library with the symbols that it needs>]

The library is loaded lazily: an addon of Node.js with libzmq in it is also one.
"""

import ctypes
import errno
import json
import os
import sys
import threading
import time

c_int, c_void_p, c_size_t, c_char_p = ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p

if len(sys.argv) > 2:
    ctypes.CDLL(sys.argv[2], mode=ctypes.RTLD_GLOBAL)
libc = ctypes.CDLL(None)
libc.dlopen.restype, libc.dlopen.argtypes = c_void_p, [c_char_p, c_int]
handle = libc.dlopen(sys.argv[1].encode(), os.RTLD_LAZY)
if not handle:
    sys.exit("cannot load " + sys.argv[1])
zmq = ctypes.CDLL(sys.argv[1], handle=handle)

for function, result, *arguments in [
    ("zmq_ctx_new", c_void_p),
    ("zmq_ctx_set", c_int, c_void_p, c_int, c_int),
    ("zmq_errno", c_int),
    ("zmq_version", None, c_void_p, c_void_p, c_void_p),
    ("zmq_socket", c_void_p, c_void_p, c_int),
    ("zmq_close", c_int, c_void_p),
    ("zmq_setsockopt", c_int, c_void_p, c_int, c_char_p, c_size_t),
    ("zmq_getsockopt", c_int, c_void_p, c_int, c_void_p, c_void_p),
    ("zmq_bind", c_int, c_void_p, c_char_p),
    ("zmq_connect", c_int, c_void_p, c_char_p),
    ("zmq_unbind", c_int, c_void_p, c_char_p),
    ("zmq_disconnect", c_int, c_void_p, c_char_p),
    ("zmq_send", c_int, c_void_p, c_char_p, c_size_t, c_int),
    ("zmq_msg_init", c_int, c_void_p),
    ("zmq_msg_recv", c_int, c_void_p, c_void_p, c_int),
    ("zmq_msg_data", c_void_p, c_void_p),
    ("zmq_msg_size", c_size_t, c_void_p),
    ("zmq_msg_more", c_int, c_void_p),
    ("zmq_msg_gets", c_char_p, c_void_p, c_char_p),
    ("zmq_msg_close", c_int, c_void_p),
    ("zmq_socket_monitor", c_int, c_void_p, c_char_p, c_int),
    ("zmq_socket_monitor_versioned", c_int, c_void_p, c_char_p, ctypes.c_uint64, c_int, c_int),
]:
    if hasattr(zmq, function):
        f = getattr(zmq, function)
        f.restype, f.argtypes = result, arguments

PAIR, REP, EVENTS, LINGER, RCVTIMEO, SNDTIMEO, DONTWAIT, SNDMORE, MAX_SOCKETS = 0, 4, 15, 17, 27, 28, 1, 2, 2
OWN = {zmq_errno: name for name, zmq_errno in
       {"EFSM": 156384763, "ENOCOMPATPROTO": 156384764, "ETERM": 156384765, "EMTHREAD": 156384766}.items()}

context = zmq.zmq_ctx_new()
zmq.zmq_ctx_set(context, MAX_SOCKETS, 60000)
sockets = {}
buffers = {}  # by size
monitors = {}
serial = 0  # of the last monitor


class Failed(Exception):
    pass


def error():
    n = zmq.zmq_errno()
    return OWN.get(n) or {"EOPNOTSUPP": "ENOTSUP"}.get(errno.errorcode.get(n), errno.errorcode.get(n, str(n)))


def check(rc):
    if rc == -1:
        raise Failed(error())
    return rc


def setopt(s, number, value):
    check(zmq.zmq_setsockopt(s, number, value, len(value or b"")))


def opened(type):
    s = zmq.zmq_socket(context, type)
    if not s:
        check(-1)
    setopt(s, LINGER, (0).to_bytes(4, sys.byteorder))
    return s


def receive(s, timeout, properties=()):
    """Receives a message, and the properties of its last frame."""
    setopt(s, RCVTIMEO, timeout.to_bytes(4, sys.byteorder, signed=True))
    frames, found = [], {}
    more = True
    while more:
        m = ctypes.create_string_buffer(64)
        zmq.zmq_msg_init(m)
        try:
            check(zmq.zmq_msg_recv(m, s, 0))
            frames.append(ctypes.string_at(zmq.zmq_msg_data(m), zmq.zmq_msg_size(m)).hex())
            more = zmq.zmq_msg_more(m)
            for p in properties:
                value = zmq.zmq_msg_gets(m, p.encode())
                if value is not None:
                    found[p] = value.decode()
        finally:
            zmq.zmq_msg_close(m)
    return frames, found


def pump(s):
    """Has a socket process its mailbox, and read to the ends of its pipes."""
    value, size = c_int(), c_size_t(4)
    zmq.zmq_getsockopt(s, EVENTS, ctypes.byref(value), ctypes.byref(size))


class Calls:
    def version(self):
        v = (c_int * 3)()
        zmq.zmq_version(ctypes.byref(v, 0), ctypes.byref(v, 4), ctypes.byref(v, 8))
        return {"value": ".".join(map(str, v))}

    def socket(self, s, type):
        sockets[s] = opened(type)

    def program(self, type, operations):
        """Sets and reads options of a new socket. An operation is [number, size]
        to read and [number, value] to set; a value is null or in hexadecimal. A
        result is the name of an errno or a value after "=", and null if it is
        that of the previous operation with the same number and size."""
        s = zmq.zmq_socket(context, type)
        if not s:
            check(-1)
        results, last = [], {}
        for number, argument in operations:
            if isinstance(argument, int):
                buffer = buffers.setdefault(argument, ctypes.create_string_buffer(argument + 1))
                ctypes.memset(buffer, 0xEE, argument)
                length = c_size_t(argument)
                if zmq.zmq_getsockopt(s, number, buffer, ctypes.byref(length)):
                    result = error()
                else:
                    result = "=" + buffer.raw[:length.value].hex()
                if last.get((number, argument)) == result:
                    result = None
                else:
                    last[number, argument] = result
            else:
                value = None if argument is None else bytes.fromhex(argument)
                result = error() if zmq.zmq_setsockopt(s, number, value, len(value or b"")) else "="
            results.append(result)
        zmq.zmq_close(s)
        return {"results": results}

    def set(self, s, option, value=None):
        setopt(sockets[s], option, None if value is None else bytes.fromhex(value))

    def get(self, s, option, size):
        buffer = ctypes.create_string_buffer(b"\xee" * size, size + 1)
        length = c_size_t(size)
        check(zmq.zmq_getsockopt(sockets[s], option, buffer, ctypes.byref(length)))
        return {"value": buffer.raw[:length.value].hex()}

    def bind(self, s, at):
        check(zmq.zmq_bind(sockets[s], at.encode()))

    def connect(self, s, at):
        check(zmq.zmq_connect(sockets[s], at.encode()))

    def unbind(self, s, at):
        check(zmq.zmq_unbind(sockets[s], at.encode()))

    def disconnect(self, s, at):
        check(zmq.zmq_disconnect(sockets[s], at.encode()))

    def close(self, s):
        check(zmq.zmq_close(sockets.pop(s)))

    def reset(self):
        """Closes all sockets. An event for a monitor that is closed would block the
        thread of libzmq that reports it."""
        for s in monitors:
            if s in sockets:
                zmq.zmq_socket_monitor(sockets[s], None, 0)
        for s in (*sockets.values(), *monitors.values()):
            zmq.zmq_close(s)
        sockets.clear()
        monitors.clear()

    def send(self, s, frames, timeout=0):
        setopt(sockets[s], SNDTIMEO, timeout.to_bytes(4, sys.byteorder, signed=True))
        for i, f in enumerate(frames):
            f = bytes.fromhex(f)
            check(zmq.zmq_send(sockets[s], f, len(f), SNDMORE if i + 1 < len(frames) else 0))

    def recv(self, s, timeout, properties=()):
        frames, found = receive(sockets[s], timeout, properties)
        return {"frames": frames, "properties": found}

    def monitor(self, s, version):
        """Sends the events of a socket to a PAIR, which events reads."""
        global serial
        serial += 1
        at = b"inproc://monitor-%d" % serial
        if version == 1:
            check(zmq.zmq_socket_monitor(sockets[s], at, 0xFFFF))
        else:
            check(zmq.zmq_socket_monitor_versioned(sockets[s], at, 0xFFFF, version, PAIR))
        monitors[s] = opened(PAIR)
        check(zmq.zmq_connect(monitors[s], at))

    def zap(self, status):
        """Answers every ZAP request with a status, until the process ends."""
        handler = opened(REP)
        check(zmq.zmq_bind(handler, b"inproc://zeromq.zap.01"))

        def answer():
            while True:
                request = receive(handler, -1)[0]
                reply = [bytes.fromhex(request[0]), bytes.fromhex(request[1]), status.encode(), b"text", b"", b""]
                for i, f in enumerate(reply):
                    check(zmq.zmq_send(handler, f, len(f), SNDMORE if i + 1 < len(reply) else 0))

        threading.Thread(target=answer, daemon=True).start()

    def unmonitor(self, s):
        check(zmq.zmq_socket_monitor(sockets[s], None, 0))

    def event(self, s, timeout):
        """The frames of the next event. While it waits, all sockets process what
        has arrived, which only calls do."""
        end = time.monotonic() + timeout / 1000
        while True:
            for other in sockets.values():
                pump(other)
            try:
                return {"frames": receive(monitors[s], 2)[0]}
            except Failed:
                if time.monotonic() > end:
                    raise


calls = Calls()


def call(do, **arguments):
    try:
        return getattr(calls, do)(**arguments) or {}
    except Failed as e:
        return {"err": str(e)}


def main():
    for line in sys.stdin:
        print(json.dumps([call(**c) for c in json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
