"""Starts an ipykernel of a version without CURVE as a server of CURVE.

It takes the arguments of ipykernel_launcher, "-f FILE". The keys are in the
connection file, under the names that later versions of ipykernel use. Each
socket of the kernel that binds uses the transport and the mechanism of the file;
over inproc libzmq ignores the mechanism.
"""

import json
import sys

import zmq
from ipykernel import kernelapp

with open(sys.argv[2]) as f:
    info = json.load(f)

create = zmq.Context.socket


def socket(self, *arguments, **options):
    s = create(self, *arguments, **options)
    s.curve_publickey = info["curve_publickey"].encode()
    s.curve_secretkey = info["curve_secretkey"].encode()
    s.curve_server = True
    return s


zmq.Context.socket = socket
kernelapp.launch_new_instance()
