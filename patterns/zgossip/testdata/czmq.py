"""Runs the zgossip actor of libczmq (ctypes). Each line of the standard input is a command of the actor, its words
separated by blanks, such as "PUBLISH key value". Prints the messages of the actor, one a line. Ends at the end of the
standard input."""

import ctypes
import os
import sys
import threading

czmq = ctypes.CDLL("libczmq.so.4")
czmq.zactor_new.restype = ctypes.c_void_p
czmq.zmsg_recv.restype = ctypes.c_void_p
czmq.zmsg_popstr.restype = ctypes.c_void_p

actor = ctypes.c_void_p(czmq.zactor_new(ctypes.cast(czmq.zgossip, ctypes.c_void_p), b"czmq"))


def commands():
    for line in sys.stdin:
        words = [ctypes.c_char_p(w.encode()) for w in line.split()]
        czmq.zstr_sendx(actor, *words, ctypes.c_void_p(None))
    os._exit(0)


threading.Thread(target=commands, daemon=True).start()
while True:
    msg = czmq.zmsg_recv(actor)
    if not msg:
        break
    words = []
    while True:
        word = czmq.zmsg_popstr(ctypes.c_void_p(msg))
        if not word:
            break
        words.append(ctypes.string_at(word).decode())
    print(*words, flush=True)
