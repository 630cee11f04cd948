/*
 * The sub-commands pub, pub_drop, subs and topic_pub of the libzmq peer.
 * fanout.go and topics.go in bench/internal/peer document them.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "peer.h"

#define SUBSCRIBERS 100
#define WARM_SIZE 1
#define END_SIZE 2
#define MIN_FANOUT 3

#define TOPIC_SIZE 32
#define MISSES 4096

static void send_all(void *s, const char *body, size_t size)
{
	if (zmq_send(s, body, size, 0) < 0)
		die("zmq_send");
}

static void set_int(void *s, int option, int value)
{
	if (zmq_setsockopt(s, option, &value, sizeof value) != 0)
		die("zmq_setsockopt");
}

static void *open_pub(int drop)
{
	void *s = open_socket(ZMQ_PUB);
	set_int(s, ZMQ_XPUB_NODROP, !drop);
	set_int(s, ZMQ_LINGER, 0);
	return s;
}

/* Waits a millisecond for standard input. zmq_poll also lets the socket process
 * subscriptions. */
static int input(void *s)
{
	zmq_pollitem_t items[2] = {{NULL, STDIN_FILENO, ZMQ_POLLIN, 0}, {s, 0, ZMQ_POLLIN, 0}};
	if (zmq_poll(items, 2, 1) < 0)
		die("zmq_poll");
	return items[0].revents != 0;
}

/* Reads a line that is available on standard input. Returns 0 at its end. */
static int take_line(char *line, size_t size)
{
	ssize_t n = read(STDIN_FILENO, line, size - 1);
	if (n <= 0)
		return 0;
	line[n] = 0;
	return 1;
}

static void send_until_input(void *s, const char *body, size_t size)
{
	char line[64];
	while (!input(s))
		send_all(s, body, size);
	take_line(line, sizeof line);
}

double publish(const char *endpoint, size_t size, long count, int drop)
{
	void *s = bound(open_pub(drop), endpoint);
	char *body = new_body(size < MIN_FANOUT ? MIN_FANOUT : size);
	double seconds;
	if (size < MIN_FANOUT) {
		fprintf(stderr, "SIZE must be at least %d\n", MIN_FANOUT);
		exit(1);
	}
	send_until_input(s, body, WARM_SIZE);
	seconds = now();
	for (long i = 0; i < count; i++)
		send_all(s, body, size);
	seconds = now() - seconds;
	send_until_input(s, body, END_SIZE);
	free(body);
	zmq_close(s);
	return seconds;
}

/* All subscribers, used by one thread. On two processors this is 1.5 times as fast
 * as one thread for each subscriber. */
struct subs {
	zmq_pollitem_t items[SUBSCRIBERS];
	char warm[SUBSCRIBERS], ended[SUBSCRIBERS];
	int warm_count, ended_count;
	size_t size;
	long messages;
	double first;
};

/* Number of messages received from one subscriber before the next one. */
#define TURN 256

/* Handles a message that subscriber i received. */
static void took(struct subs *x, int i, zmq_msg_t *m)
{
	size_t got = zmq_msg_size(m);
	if (got == END_SIZE) {
		x->ended[i] = 1;
		x->ended_count++;
		return;
	}
	if (got != WARM_SIZE) {
		check_body(zmq_msg_data(m), got, x->size);
		if (!x->messages++)
			x->first = now();
		return;
	}
	if (!x->warm[i]) {
		x->warm[i] = 1;
		if (++x->warm_count == SUBSCRIBERS) {
			printf("ready\n");
			fflush(stdout);
		}
	}
}

/* Receives from every subscriber in turn. Returns 1 if any had a message. */
static int take_turns(struct subs *x, zmq_msg_t *m)
{
	int any = 0;
	for (int i = 0; i < SUBSCRIBERS; i++)
		for (int k = 0; k < TURN && !x->ended[i]; k++) {
			if (zmq_msg_recv(m, x->items[i].socket, ZMQ_DONTWAIT) < 0) {
				if (errno != EAGAIN)
					die("zmq_msg_recv");
				break;
			}
			took(x, i, m);
			any = 1;
		}
	return any;
}

void subscribe_all(const char *endpoint, size_t size)
{
	static struct subs x;
	zmq_msg_t m;
	double seconds;
	x.size = size;
	zmq_msg_init(&m);
	for (int i = 0; i < SUBSCRIBERS; i++) {
		void *s = open_socket(ZMQ_SUB);
		if (zmq_setsockopt(s, ZMQ_SUBSCRIBE, "", 0) != 0)
			die("subscribe");
		if (zmq_connect(s, endpoint) != 0)
			die("connect %s", endpoint);
		x.items[i].socket = s;
		x.items[i].events = ZMQ_POLLIN;
	}
	while (x.ended_count < SUBSCRIBERS)
		if (!take_turns(&x, &m) && zmq_poll(x.items, SUBSCRIBERS, -1) < 0)
			die("zmq_poll");
	seconds = now() - x.first;
	zmq_msg_close(&m);
	for (int i = 0; i < SUBSCRIBERS; i++)
		zmq_close(x.items[i].socket);
	report(x.messages, seconds);
}

/* Generates the same topics as topics.go. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static char *new_topics(long from, long n)
{
	static const char digits[] = "0123456789abcdef";
	char *table = malloc((size_t)n * TOPIC_SIZE), *at = table;
	if (!table)
		die("malloc");
	for (long i = 0; i < 2 * n; i++) {
		uint64_t x = mix(2 * (uint64_t)from + (uint64_t)i);
		for (int j = 0; j < 8; j++, x >>= 8) {
			*at++ = digits[x >> 4 & 15];
			*at++ = digits[x & 15];
		}
	}
	return table;
}

static void publish_each(void *s, const char *topics, long n, long m)
{
	double start = now();
	for (long i = 0, at = 0; i < n; i++) {
		send_all(s, topics + at * TOPIC_SIZE, TOPIC_SIZE);
		if (++at == m)
			at = 0;
	}
	printf("%.2f\n", (now() - start) / (double)n * 1e9);
}

/* How long the publisher of libzmq looks for the removal of subscriptions. */
#define WATCH_SECONDS 3.0

/* libzmq removes the subscriptions of a peer during the next call on the socket,
 * and has no call that counts them. The longest call is therefore the one that
 * removed them, and its end is the time of the removal. A call can block until the
 * removal is complete, so the time in which it must begin is all that is limited. */
static void watch(void *s, const char *misses)
{
	double longest = 0, begin = now(), end = begin;
	long long removed = 0;
	for (long i = 0; end - begin < WATCH_SECONDS; i++) {
		double start = end;
		send_all(s, misses + i % MISSES * TOPIC_SIZE, TOPIC_SIZE);
		end = now();
		if (end - start > longest) {
			struct timespec t;
			clock_gettime(CLOCK_REALTIME, &t);
			removed = t.tv_sec * 1000000000LL + t.tv_nsec;
			longest = end - start;
		}
	}
	printf("%lld %.0f\n", removed, longest * 1e9);
}

static void run_command(void *s, const char *line, const char *topics, const char *misses, long count)
{
	long n, m;
	if (strcmp(line, "settle\n") == 0) {
		malloc_trim(0);
		printf("settled\n");
	} else if (strcmp(line, "watch\n") == 0) {
		watch(s, misses);
	} else if (sscanf(line, "match %ld %ld", &n, &m) == 2 && m <= count) {
		publish_each(s, topics, n, m);
	} else if (sscanf(line, "miss %ld", &n) == 1) {
		publish_each(s, misses, n, MISSES);
	} else {
		fprintf(stderr, "unknown command: %s", line);
		exit(1);
	}
	fflush(stdout);
}

void topic_pub(const char *endpoint, long count)
{
	char *topics = new_topics(0, count), *misses = new_topics(count, MISSES), *probes = new_topics(-2, 2);
	void *s = bound(open_pub(0), endpoint);
	char line[64];
	for (;;) {
		if (!input(s)) {
			send_all(s, probes, TOPIC_SIZE);
			send_all(s, probes + TOPIC_SIZE, TOPIC_SIZE);
		} else if (take_line(line, sizeof line)) {
			run_command(s, line, topics, misses, count);
		} else {
			break;
		}
	}
	zmq_close(s);
	free(topics);
	free(misses);
	free(probes);
}
