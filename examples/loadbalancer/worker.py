"""A worker of the load balancer: replies to each request in upper case."""

import sys

import zmq

socket = zmq.Context.instance().socket(zmq.REQ)
socket.connect(sys.argv[1])
socket.send(b"READY")
while True:
    *envelope, request = socket.recv_multipart()
    socket.send_multipart([*envelope, request.upper()])
