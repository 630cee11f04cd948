"""Runs the zbeacon actor of libczmq (ctypes). The arguments are the port, the interface, 4 for broadcasts or 6 for
multicast over IPv6, the payload and the prefix. Prints "ready" and the host name, then each beacon: source and
payload. Ends at the end of its standard input."""

import ctypes
import os
import sys
import threading

port, interface, version, payload, prefix = sys.argv[1:]

czmq = ctypes.CDLL("libczmq.so.4")
for name in "zactor_new", "zframe_recv", "zframe_data":
    getattr(czmq, name).restype = ctypes.c_void_p
czmq.zframe_size.restype = ctypes.c_size_t
czmq.zstr_recv.restype = ctypes.c_void_p
czmq.zsys_set_interface(interface.encode())
if version == "6":
    czmq.zsys_set_ipv6(1)

actor = ctypes.c_void_p(czmq.zactor_new(ctypes.cast(czmq.zbeacon, ctypes.c_void_p), None))
czmq.zsock_send(actor, b"si", b"CONFIGURE", ctypes.c_int(int(port)))
host = ctypes.string_at(czmq.zstr_recv(actor)).decode()
czmq.zsock_send(actor, b"sbi", b"PUBLISH", payload.encode(), ctypes.c_size_t(len(payload)), ctypes.c_int(50))
czmq.zsock_send(actor, b"sb", b"SUBSCRIBE", prefix.encode(), ctypes.c_size_t(len(prefix)))
print("ready", host, flush=True)


def end():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end, daemon=True).start()
while True:
    source = czmq.zstr_recv(actor)
    if not source:
        break
    frame = ctypes.c_void_p(czmq.zframe_recv(actor))
    data = ctypes.string_at(czmq.zframe_data(frame), czmq.zframe_size(frame))
    print(ctypes.string_at(source).decode(), data.decode(), flush=True)
