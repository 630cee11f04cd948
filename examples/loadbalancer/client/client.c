// A client of the load balancer: sends each argument as a request and prints the reply.
#include <stdio.h>
#include <string.h>
#include <zmq.h>

int main(int argc, char **argv) {
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_REQ);
	if (argc < 2 || zmq_connect(socket, argv[1]) != 0) {
		fprintf(stderr, "usage: client ENDPOINT REQUEST...\n");
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		zmq_msg_t reply;
		zmq_msg_init(&reply);
		if (zmq_send(socket, argv[i], strlen(argv[i]), 0) < 0 || zmq_msg_recv(&reply, socket, 0) < 0) {
			fprintf(stderr, "%s\n", zmq_strerror(zmq_errno()));
			return 1;
		}
		printf("%.*s\n", (int)zmq_msg_size(&reply), (char *)zmq_msg_data(&reply));
		zmq_msg_close(&reply);
	}
	zmq_close(socket);
	zmq_ctx_term(context);
	return 0;
}
