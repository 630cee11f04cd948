"""Runs a node of libzyre (ctypes); ZYRE_LIBRARY is the path of the library. The arguments are the name, and then either
"beacon" and the UDP port, or "gossip", the endpoint of the node, and "bind" or "connect" with the endpoint of gossip.
Each line of the standard input is a command: "join GROUP", "leave GROUP", "shout GROUP TEXT" or "whisper UUID TEXT".
Prints the UUID, then each event, its frames separated by blanks. Leaves at the end of the standard input."""

import ctypes
import os
import sys
import threading

name, mode, *rest = sys.argv[1:]
ctypes.CDLL("libzmq.so.5", mode=ctypes.RTLD_GLOBAL)
czmq = ctypes.CDLL("libczmq.so.4", mode=ctypes.RTLD_GLOBAL)
zyre = ctypes.CDLL(os.environ["ZYRE_LIBRARY"])
zyre.zyre_new.restype = zyre.zyre_recv.restype = ctypes.c_void_p
zyre.zyre_uuid.restype = ctypes.c_char_p
czmq.zmsg_popstr.restype = ctypes.c_void_p

node = ctypes.c_void_p(zyre.zyre_new(name.encode()))
zyre.zyre_set_header(node, b"X-FROM", b"%s", b"libzyre")
if mode == "beacon":
    zyre.zyre_set_port(node, int(rest[0]))
    zyre.zyre_set_interval(node, ctypes.c_size_t(200))
else:
    zyre.zyre_set_endpoint(node, b"%s", rest[0].encode())
    method = zyre.zyre_gossip_bind if rest[1] == "bind" else zyre.zyre_gossip_connect
    method(node, b"%s", rest[2].encode())
zyre.zyre_start(node)
print(zyre.zyre_uuid(node).decode(), flush=True)


def events():
    while True:
        msg = zyre.zyre_recv(node)
        if not msg:
            return
        words = []
        while True:
            word = czmq.zmsg_popstr(ctypes.c_void_p(msg))
            if not word:
                break
            words.append(ctypes.string_at(word).decode(errors="replace"))
        if words[0] == "ENTER":
            del words[3]  # the packed headers
        print(*words, flush=True)


threading.Thread(target=events, daemon=True).start()
for line in sys.stdin:
    command, target, *text = line.rstrip("\n").split(" ", 2)
    if command == "join":
        zyre.zyre_join(node, target.encode())
    elif command == "leave":
        zyre.zyre_leave(node, target.encode())
    elif command == "shout":
        zyre.zyre_shouts(node, target.encode(), b"%s", text[0].encode())
    elif command == "whisper":
        zyre.zyre_whispers(node, target.encode(), b"%s", text[0].encode())
zyre.zyre_stop(node)
os._exit(0)
