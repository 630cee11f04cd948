"""Prints a CURVE handshake and two frames, computed with libsodium.

The secret keys and nonces are SHA-256 hashes of their names. The output is
curve_transcript.txt, which the tests compare with both sides of the mechanism.
https://rfc.zeromq.org/spec/26/
"""
import ctypes
import hashlib

sodium = ctypes.CDLL("libsodium.so.23")
sodium.sodium_init()


def value(name, size=32):
    return hashlib.sha256(name.encode()).digest()[:size]


def public(secret):
    out = ctypes.create_string_buffer(32)
    assert sodium.crypto_scalarmult_base(out, secret) == 0
    return out.raw


def box(plain, nonce, to, secret):
    assert len(nonce) == 24
    out = ctypes.create_string_buffer(len(plain) + 16)
    size = ctypes.c_ulonglong(len(plain))
    assert sodium.crypto_box_easy(out, plain, size, nonce, to, secret) == 0
    return out.raw


def secretbox(plain, nonce, key):
    assert len(nonce) == 24
    out = ctypes.create_string_buffer(len(plain) + 16)
    size = ctypes.c_ulonglong(len(plain))
    assert sodium.crypto_secretbox_easy(out, plain, size, nonce, key) == 0
    return out.raw


def count(n):
    return n.to_bytes(8, "big")


def properties(**names):
    out = b""
    for name, text in names.items():
        name = name.replace("_", "-").encode()
        out += bytes([len(name)]) + name + len(text).to_bytes(4, "big") + text.encode()
    return out


def emit(name, data):
    print(name, "=", data.hex())
    return data


c = emit("client-secret", value("client"))
s = emit("server-secret", value("server"))
ct = emit("client-transient-secret", value("client transient"))
st = emit("server-transient-secret", value("server transient"))
cookie_key = emit("cookie-key", value("cookie key"))
cookie_nonce = emit("cookie-nonce", value("cookie nonce", 16))
welcome_nonce = emit("welcome-nonce", value("welcome nonce", 16))
vouch_nonce = emit("vouch-nonce", value("vouch nonce", 16))
C, S = emit("client-public", public(c)), emit("server-public", public(s))
CT, ST = public(ct), public(st)

client_metadata = emit("client-metadata", properties(Socket_Type="DEALER", Identity="peer"))
server_metadata = emit("server-metadata", properties(Socket_Type="ROUTER", Identity=""))

hello_box = box(bytes(64), b"CurveZMQHELLO---" + count(1), S, ct)
emit("hello", b"\x05HELLO\x01\x00" + bytes(72) + CT + count(1) + hello_box)

cookie = cookie_nonce + secretbox(CT + st, b"COOKIE--" + cookie_nonce, cookie_key)
emit("welcome", b"\x07WELCOME" + welcome_nonce + box(ST + cookie, b"WELCOME-" + welcome_nonce, CT, s))

vouch = vouch_nonce + box(CT + S, b"VOUCH---" + vouch_nonce, ST, c)
initiate_box = box(C + vouch + client_metadata, b"CurveZMQINITIATE" + count(2), ST, ct)
emit("initiate", b"\x08INITIATE" + cookie + count(2) + initiate_box)

emit("ready", b"\x05READY" + count(1) + box(server_metadata, b"CurveZMQREADY---" + count(1), CT, st))

# Frames with sizes around the boundaries of the blocks of the key stream, as
# hashes. The body of n bytes is 0, 1, 2, ... modulo 251.
for i, n in enumerate([0, 1, 30, 31, 32, 94, 95, 96, 97, 222, 223, 224, 225, 256, 1000, 70000]):
    plain = bytes([i % 4]) + bytes(j % 251 for j in range(n))
    from_client, from_server = count(3 + i), count(2 + i)
    to_server = b"\x07MESSAGE" + from_client + box(plain, b"CurveZMQMESSAGEC" + from_client, ST, ct)
    to_client = b"\x07MESSAGE" + from_server + box(plain, b"CurveZMQMESSAGES" + from_server, CT, st)
    emit("client-message-%d" % n, hashlib.sha256(to_server).digest())
    emit("server-message-%d" % n, hashlib.sha256(to_client).digest())
