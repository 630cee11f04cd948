"""Calls zcert, zauth and zsock of CZMQ for the interop tests, controlled over
stdin and stdout.

Each line of input is one command, a JSON object; the answer is one line of
JSON. Text is Latin-1: one character for each byte. The process ends at the end
of its input.
"""

import ctypes
import json
import os
import sys

czmq = ctypes.CDLL("libczmq.so.4")
for name in ("zcert_new", "zcert_load", "zcert_meta_keys", "zactor_new", "zsock_new"):
    getattr(czmq, name).restype = ctypes.c_void_p
for name in ("zcert_public_txt", "zcert_secret_txt", "zcert_meta", "zlist_first", "zlist_next", "zstr_recv"):
    getattr(czmq, name).restype = ctypes.c_char_p


def encode(text):
    return text.encode("latin-1")


def describe(cert):
    """Returns the content of a certificate, or nothing for a null pointer."""
    if not cert.value:
        return {}
    names = ctypes.c_void_p(czmq.zcert_meta_keys(cert))
    meta = {}
    name = czmq.zlist_first(names)
    while name is not None:
        meta[name.decode("latin-1")] = czmq.zcert_meta(cert, name).decode("latin-1")
        name = czmq.zlist_next(names)
    czmq.zlist_destroy(ctypes.byref(names))
    return {
        "Public": czmq.zcert_public_txt(cert).decode(),
        "Secret": czmq.zcert_secret_txt(cert).decode(),
        "Meta": meta,
    }


def certificate(do, path, meta=None):
    """Makes or loads a certificate. A new one gets the metadata. "new" and
    "save" write it to the path, or to the path with ".saved"."""
    if do == "new":
        cert = ctypes.c_void_p(czmq.zcert_new())
        for name, value in (meta or {}).items():
            czmq.zcert_set_meta(cert, encode(name), b"%s", ctypes.c_char_p(encode(value)))
    else:
        cert = ctypes.c_void_p(czmq.zcert_load(encode(path)))
    answer = describe(cert)
    if do != "load" and czmq.zcert_save(cert, encode(path + (".saved" if do == "save" else ""))) != 0:
        answer = {"Error": "zcert_save failed"}
    czmq.zcert_destroy(ctypes.byref(cert))
    return answer


# The zauth actor and the sockets.
actor = None
sockets = {}

TYPES = {"DEALER": 5}


def auth(words):
    """Starts zauth, and sends it a command, such as CURVE and a directory."""
    global actor
    if actor is None:
        actor = ctypes.c_void_p(czmq.zactor_new(czmq.zauth, None))
    czmq.zstr_sendx(actor, *[ctypes.c_char_p(encode(w)) for w in words], ctypes.c_char_p())
    czmq.zsock_wait(actor)


def socket(name, type, endpoint, bind, cert=None, server=None, serverkey=None, user=None, password=None):
    """Makes a socket with a certificate, or for PLAIN. A server, which asks zauth,
    has the mechanism null, plain or curve."""
    s = sockets[name] = ctypes.c_void_p(czmq.zsock_new(TYPES[type]))
    czmq.zsock_set_linger(s, 0)
    czmq.zsock_set_rcvtimeo(s, 60000)
    if cert:
        c = ctypes.c_void_p(czmq.zcert_load(encode(cert)))
        czmq.zcert_apply(c, s)
        czmq.zcert_destroy(ctypes.byref(c))
    if serverkey:
        czmq.zsock_set_curve_serverkey(s, encode(serverkey))
    if user:
        czmq.zsock_set_plain_username(s, encode(user))
        czmq.zsock_set_plain_password(s, encode(password))
    if server:
        czmq.zsock_set_zap_domain(s, b"global")
        if server != "null":
            getattr(czmq, "zsock_set_%s_server" % server)(s, 1)
    if (czmq.zsock_bind if bind else czmq.zsock_connect)(s, b"%s", ctypes.c_char_p(encode(endpoint))) < 0:
        return {"Error": "cannot bind or connect"}


def send(name, text):
    czmq.zstr_send(sockets[name], encode(text))


def recv(name):
    text = czmq.zstr_recv(sockets[name])
    return {"Texts": [text.decode("latin-1")]} if text is not None else {"Error": "nothing received"}


COMMANDS = {"auth": auth, "socket": socket, "send": send, "recv": recv}


def run(do, **arguments):
    if do in COMMANDS:
        return COMMANDS[do](**arguments) or {}
    return certificate(do, **arguments)


# CZMQ logs malformed lines on standard output.
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
for line in sys.stdin:
    command = json.loads(line)
    try:
        result = run(**command)
    except Exception as e:
        result = {"Error": repr(e)}
    print(json.dumps(result), file=answers, flush=True)
