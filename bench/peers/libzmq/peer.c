/*
 * The libzmq peer of bench/. It has the same sub-commands and output as the Go
 * peers; bench/internal/peer documents them.
 *
 * It receives with zmq_msg_recv, like libzmq's perf tools, which does not copy
 * the body, and sends with zmq_send, which copies the body. Recv and Send of this
 * library do the same. All options have their defaults, unless flags precede the
 * sub-command: with -curve, sockets use CURVE, those that bind as servers, with
 * the keys of bench/internal/peer; with -hwm N, N is the high-water mark in both
 * directions.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "peer.h"

#define WARM_ROUNDS 1000
#define HEARTBEAT_INTERVAL 10000 /* ms */

#define SERVER_PUBLIC "cPPu/Xp$3B?e%<C4YOB3//=}vB*%R$FSfDo:a+^q"
#define SERVER_SECRET "5KKCi-$amCEGL8fVQ}lUxffycO0o$n4$7HvM7:@>"
#define CLIENT_PUBLIC "}mqDR1<aOv5jF+P}fc^9k]hUqe)>xeoC}E7XcPtu"
#define CLIENT_SECRET "YL<OU9lW=t<#)svTNlc/{6=bJLryHN.5TxwH{8io"

void *context;
static int secured; /* the -curve flag */
static int hwm;     /* the -hwm flag; 0 is the default of libzmq */

void die(const char *what, ...)
{
	va_list args;
	va_start(args, what);
	vfprintf(stderr, what, args);
	va_end(args);
	fprintf(stderr, ": %s\n", zmq_strerror(errno));
	exit(1);
}

double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Returns the peak resident size since exec. On Linux ru_maxrss would include
 * the size of the process before exec. */
static long peak_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

void report(long messages, double seconds)
{
	printf("{\"messages\":%ld,\"seconds\":%.9f,\"peak_kib\":%ld}\n", messages, seconds, peak_kib());
	fflush(stdout);
}

static void set(void *s, int option, const void *value, size_t size)
{
	if (zmq_setsockopt(s, option, value, size) != 0)
		die("option %d", option);
}

void *open_socket(int type)
{
	void *s = zmq_socket(context, type);
	if (!s)
		die("zmq_socket");
	if (hwm) {
		set(s, ZMQ_SNDHWM, &hwm, sizeof hwm);
		set(s, ZMQ_RCVHWM, &hwm, sizeof hwm);
	}
	return s;
}

static void secure_server(void *s)
{
	int on = 1;
	if (!secured)
		return;
	set(s, ZMQ_CURVE_SERVER, &on, sizeof on);
	set(s, ZMQ_CURVE_SECRETKEY, SERVER_SECRET, strlen(SERVER_SECRET));
}

static void secure_client(void *s)
{
	if (!secured)
		return;
	set(s, ZMQ_CURVE_SERVERKEY, SERVER_PUBLIC, strlen(SERVER_PUBLIC));
	set(s, ZMQ_CURVE_PUBLICKEY, CLIENT_PUBLIC, strlen(CLIENT_PUBLIC));
	set(s, ZMQ_CURVE_SECRETKEY, CLIENT_SECRET, strlen(CLIENT_SECRET));
}

void *bound(void *s, const char *endpoint)
{
	char last[256];
	size_t size = sizeof last;
	secure_server(s);
	if (zmq_bind(s, endpoint) != 0)
		die("bind %s", endpoint);
	if (zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, last, &size) != 0)
		die("last endpoint");
	printf("%s\n", last);
	fflush(stdout);
	return s;
}

static void *connected(int type, const char *endpoint)
{
	void *s = open_socket(type);
	secure_client(s);
	if (zmq_connect(s, endpoint) != 0)
		die("connect %s", endpoint);
	return s;
}

char *new_body(size_t size)
{
	char *b = malloc(size);
	if (!b)
		die("malloc");
	memset(b, FILL, size);
	return b;
}

static void send_body(void *s, const char *body, size_t size)
{
	if (zmq_send(s, body, size, 0) < 0)
		die("zmq_send");
}

void check_body(const char *body, size_t got, size_t size)
{
	if (got != size || body[size - 1] != FILL) {
		fprintf(stderr, "wrong message of %zu bytes\n", got);
		exit(1);
	}
}

/* Receives into m, whose previous content zmq_msg_recv releases, and checks it. */
static void receive(void *s, zmq_msg_t *m, size_t size)
{
	if (zmq_msg_recv(m, s, 0) < 0)
		die("zmq_msg_recv");
	check_body(zmq_msg_data(m), zmq_msg_size(m), size);
}

/* Returns the time from the arrival of the first to that of the last message. */
static double pull_all(void *s, size_t size, long count)
{
	zmq_msg_t m;
	double start;
	zmq_msg_init(&m);
	receive(s, &m, size);
	start = now();
	for (long i = 1; i < count; i++)
		receive(s, &m, size);
	start = now() - start;
	zmq_msg_close(&m);
	return start;
}

static void push_all(void *s, size_t size, long count)
{
	char *body = new_body(size);
	for (long i = 0; i < count; i++)
		send_body(s, body, size);
	free(body);
}

/* Warms up, and returns the time of the given number of round trips. */
static double request_all(void *s, size_t size, long rounds)
{
	char *body = new_body(size);
	zmq_msg_t m;
	double start = 0;
	zmq_msg_init(&m);
	for (long i = -WARM_ROUNDS; i < rounds; i++) {
		if (i == 0)
			start = now();
		send_body(s, body, size);
		receive(s, &m, size);
	}
	start = now() - start;
	zmq_msg_close(&m);
	free(body);
	return start;
}

static void reply_all(void *s, size_t size, long rounds)
{
	zmq_msg_t m;
	zmq_msg_init(&m);
	for (long i = 0; i < rounds + WARM_ROUNDS; i++) {
		receive(s, &m, size);
		if (zmq_msg_send(&m, s, 0) < 0)
			die("zmq_msg_send");
	}
	zmq_msg_close(&m);
}

/* The untimed side of an inproc run, a thread with its own socket. */
struct side {
	void *socket;
	size_t size;
	long count;
	void (*work)(void *, size_t, long);
};

static void *run_side(void *arg)
{
	struct side *x = arg;
	x->work(x->socket, x->size, x->count);
	zmq_close(x->socket);
	return NULL;
}

static double inproc(int bind_type, int connect_type, double (*timed)(void *, size_t, long),
		     void (*other)(void *, size_t, long), size_t size, long count)
{
	void *s = open_socket(bind_type);
	struct side x = {NULL, size, count, other};
	pthread_t thread;
	double seconds;
	if (zmq_bind(s, "inproc://bench") != 0)
		die("bind inproc");
	x.socket = connected(connect_type, "inproc://bench");
	if (pthread_create(&thread, NULL, run_side, &x) != 0)
		die("pthread_create");
	seconds = timed(s, size, count);
	pthread_join(thread, NULL);
	zmq_close(s);
	return seconds;
}

/* Receives with a ROUTER until standard input ends. For each line of standard
 * input it returns all free memory to the system and prints a line. heartbeat is
 * the interval of heartbeats in ms; 0 sends none. With heartbeats there are so many
 * peers that the default queue of connections to accept would delay them. */
static void idle_router(const char *endpoint, int heartbeat)
{
	void *s = open_socket(ZMQ_ROUTER);
	zmq_pollitem_t items[2] = {{s, 0, ZMQ_POLLIN, 0}, {NULL, STDIN_FILENO, ZMQ_POLLIN, 0}};
	zmq_msg_t m;
	char line[64];
	int backlog = 4096;
	if (heartbeat) {
		set(s, ZMQ_HEARTBEAT_IVL, &heartbeat, sizeof heartbeat);
		set(s, ZMQ_BACKLOG, &backlog, sizeof backlog);
	}
	bound(s, endpoint);
	zmq_msg_init(&m);
	for (;;) {
		if (zmq_poll(items, 2, -1) < 0)
			die("zmq_poll");
		if (items[0].revents && zmq_msg_recv(&m, s, ZMQ_DONTWAIT) < 0 && errno != EAGAIN)
			die("zmq_msg_recv");
		if (!items[1].revents)
			continue;
		if (read(STDIN_FILENO, line, sizeof line) <= 0)
			break;
		malloc_trim(0);
		printf("settled\n");
		fflush(stdout);
	}
	zmq_msg_close(&m);
	zmq_close(s);
}

static void *end_with_input(void *arg)
{
	char c;
	(void)arg;
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	exit(0);
}

/* Forwards messages between two sockets until standard input ends. */
static void proxy(const char *kind)
{
	int requests = !strcmp(kind, "router-dealer"), on = 1;
	void *front = open_socket(requests ? ZMQ_ROUTER : ZMQ_XSUB);
	void *back = open_socket(requests ? ZMQ_DEALER : ZMQ_XPUB);
	pthread_t thread;
	if (!requests)
		set(back, ZMQ_XPUB_NODROP, &on, sizeof on);
	bound(front, "tcp://127.0.0.1:*");
	bound(back, "tcp://127.0.0.1:*");
	if (pthread_create(&thread, NULL, end_with_input, NULL) != 0)
		die("pthread_create");
	zmq_proxy(front, back, NULL);
	die("zmq_proxy");
}

static void print_version(void)
{
	int major, minor, patch;
	zmq_version(&major, &minor, &patch);
	printf("libzmq %d.%d.%d\n", major, minor, patch);
}

static int is(const char *command, const char *name, int argc, int want)
{
	return strcmp(command, name) == 0 && argc == want;
}

static int run(int argc, char **argv)
{
	const char *command = argv[1];
	const char *endpoint = argc > 2 ? argv[2] : "";
	size_t size = argc > 3 ? strtoul(argv[argc - 2], NULL, 10) : 0;
	long count = argc > 3 ? strtol(argv[argc - 1], NULL, 10) : 0;
	void *s = NULL;

	if (is(command, "topic_pub", argc, 4)) {
		topic_pub(endpoint, count);
		return 0;
	}
	if (argc > 3 && (size < 1 || count < 2)) {
		fprintf(stderr, "SIZE must be at least 1 and COUNT at least 2\n");
		return 2;
	}
	if (is(command, "version", argc, 2)) {
		print_version();
	} else if (is(command, "pull", argc, 5)) {
		s = bound(open_socket(ZMQ_PULL), endpoint);
		report(count, pull_all(s, size, count));
	} else if (is(command, "push", argc, 5)) {
		double start = now();
		s = connected(ZMQ_PUSH, endpoint);
		push_all(s, size, count);
		report(count, now() - start);
	} else if (is(command, "rep", argc, 5)) {
		double start = now();
		s = bound(open_socket(ZMQ_REP), endpoint);
		reply_all(s, size, count);
		report(count, now() - start);
	} else if (is(command, "req", argc, 5)) {
		s = connected(ZMQ_REQ, endpoint);
		report(count, request_all(s, size, count));
	} else if (is(command, "inproc_thr", argc, 4)) {
		report(count, inproc(ZMQ_PULL, ZMQ_PUSH, pull_all, push_all, size, count));
	} else if (is(command, "inproc_lat", argc, 4)) {
		report(count, inproc(ZMQ_REQ, ZMQ_REP, request_all, reply_all, size, count));
	} else if (is(command, "proxy", argc, 3)) {
		proxy(endpoint);
	} else if (is(command, "idle_router", argc, 3)) {
		idle_router(endpoint, 0);
	} else if (is(command, "beat_router", argc, 3)) {
		idle_router(endpoint, HEARTBEAT_INTERVAL);
	} else if (is(command, "pub", argc, 5)) {
		report(count, publish(endpoint, size, count, 0));
	} else if (is(command, "pub_drop", argc, 5)) {
		report(count, publish(endpoint, size, count, 1));
	} else if (is(command, "subs", argc, 5)) {
		subscribe_all(endpoint, size);
	} else {
		return 2;
	}
	if (s)
		zmq_close(s);
	return 0;
}

int main(int argc, char **argv)
{
	int code = 2;
	context = zmq_ctx_new();
	if (!context)
		die("zmq_ctx_new");
	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[1], "-curve")) {
			secured = 1;
		} else if (!strcmp(argv[1], "-hwm") && argc > 2 && atoi(argv[2]) > 0) {
			hwm = atoi(argv[2]);
			argc--;
			argv++;
		} else {
			fprintf(stderr, "unknown flag %s\n", argv[1]);
			return 2;
		}
	}
	if (argc > 1)
		code = run(argc, argv);
	if (code == 2)
		fprintf(stderr, "usage: version | pull|push|rep|req|pub|pub_drop|subs ENDPOINT SIZE COUNT | "
				"inproc_thr|inproc_lat SIZE COUNT | idle_router|beat_router ENDPOINT | "
				"topic_pub ENDPOINT COUNT | proxy KIND\n");
	zmq_ctx_term(context);
	return code;
}
