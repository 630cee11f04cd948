// A Majordomo broker over libzmq, with which internal/mdpbench compares the broker of this
// package: MDP/0.1 and MDP/0.2 on one ROUTER, services, free workers in turns, queues,
// heartbeats, DISCONNECT, mmi.service, envelopes, and the extension
// X-MDP-Concurrency of workers. It has no limits, no expiry of requests and no shutdown.
//
//	gcc -O2 -o broker broker.c -lzmq && ./broker tcp://127.0.0.1:5555

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { MAX_FRAMES = 64, HEARTBEAT_MS = 2500, LIVENESS = 4, BUCKETS = 1 << 14 };
enum { READY = 1, REQUEST, PARTIAL, FINAL, HEARTBEAT, DISCONNECT };

typedef struct request request;
typedef struct worker worker;
typedef struct service service;

struct request {
	zmq_msg_t client, envelope[4], body[MAX_FRAMES];
	int envelopes, bodies, version;
	service *service;
	request *next;
};

typedef struct {
	uint32_t number;
	request *request;
} slot;

struct worker {
	char id[256];
	int id_size, version, capacity, in_flight, slots_used, free_slots, listed;
	slot *slots;
	uint32_t *unused;
	int64_t heard, sent;
	service *service;
	worker *next_hash, *next_free, *prev_free, *next_all, *prev_all;
};

struct service {
	char name[256];
	int name_size, workers;
	worker *first_free, *last_free;
	request *front, *back;
	service *next_hash;
};

static void *router;
static worker *workers[BUCKETS], *all_workers;
static service *services[BUCKETS];
static request *spare;
static int64_t now;

static int64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned hash(const char *s, int n)
{
	unsigned h = 2166136261u;
	for (int i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h % BUCKETS;
}

static worker *find_worker(const char *id, int n)
{
	for (worker *w = workers[hash(id, n)]; w; w = w->next_hash)
		if (w->id_size == n && !memcmp(w->id, id, n))
			return w;
	return NULL;
}

static service *find_service(const char *name, int n, int create)
{
	unsigned h = hash(name, n);
	for (service *s = services[h]; s; s = s->next_hash)
		if (s->name_size == n && !memcmp(s->name, name, n))
			return s;
	if (!create || n < 1 || n > 255)
		return NULL;
	service *s = calloc(1, sizeof *s);
	memcpy(s->name, name, n);
	s->name_size = n;
	s->next_hash = services[h];
	services[h] = s;
	return s;
}

static void list_free(worker *w)
{
	service *s = w->service;
	if (w->listed)
		return;
	w->listed = 1;
	w->next_free = NULL;
	w->prev_free = s->last_free;
	if (s->last_free)
		s->last_free->next_free = w;
	else
		s->first_free = w;
	s->last_free = w;
}

static void unlist_free(worker *w)
{
	service *s = w->service;
	if (!w->listed)
		return;
	w->listed = 0;
	if (w->prev_free)
		w->prev_free->next_free = w->next_free;
	else
		s->first_free = w->next_free;
	if (w->next_free)
		w->next_free->prev_free = w->prev_free;
	else
		s->last_free = w->prev_free;
}

static int send_bytes(const void *p, size_t n, int more)
{
	return zmq_send(router, p, n, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0;
}

static void send_worker_header(const char *id, int id_size, int version, int cmd, int more)
{
	char code = version == 2 ? cmd : cmd <= REQUEST ? cmd : cmd - 1;
	send_bytes(id, id_size, 1);
	if (version == 1)
		send_bytes("", 0, 1);
	send_bytes(version == 1 ? "MDPW01" : "MDPW02", 6, 1);
	send_bytes(&code, 1, more);
}

static void finish(request *r)
{
	zmq_msg_close(&r->client);
	for (int i = 0; i < r->envelopes; i++)
		zmq_msg_close(&r->envelope[i]);
	r->next = spare;
	spare = r;
}

static void dispatch(worker *w, request *r)
{
	uint32_t i = w->free_slots ? w->unused[--w->free_slots] : (uint32_t)w->slots_used++;
	char address[264];
	int n = zmq_msg_size(&r->client);
	w->slots[i].request = r;
	w->slots[i].number++;
	memcpy(address, zmq_msg_data(&r->client), n);
	memcpy(address + n, &i, 4);
	memcpy(address + n + 4, &w->slots[i].number, 4);
	send_worker_header(w->id, w->id_size, w->version, REQUEST, 1);
	send_bytes(address, n + 8, 1);
	send_bytes("", 0, 1);
	for (int b = 0; b < r->bodies; b++)
		if (zmq_msg_send(&r->body[b], router, ZMQ_DONTWAIT | (b + 1 < r->bodies ? ZMQ_SNDMORE : 0)) < 0)
			zmq_msg_close(&r->body[b]);
	w->sent = now;
	w->in_flight++;
	unlist_free(w);
	if (w->in_flight < w->capacity)
		list_free(w);
}

static void serve(service *s)
{
	while (s->front && s->first_free) {
		request *r = s->front;
		s->front = r->next;
		if (!s->front)
			s->back = NULL;
		dispatch(s->first_free, r);
	}
}

static void remove_worker(worker *w)
{
	worker **p = &workers[hash(w->id, w->id_size)];
	while (*p != w)
		p = &(*p)->next_hash;
	*p = w->next_hash;
	if (w->prev_all)
		w->prev_all->next_all = w->next_all;
	else
		all_workers = w->next_all;
	if (w->next_all)
		w->next_all->prev_all = w->prev_all;
	unlist_free(w);
	w->service->workers--;
	for (int i = 0; i < w->slots_used; i++)
		if (w->slots[i].request)
			finish(w->slots[i].request);
	free(w->slots);
	free(w->unused);
	free(w);
}

static void expel(const char *id, int n, int version)
{
	worker *w = find_worker(id, n);
	send_worker_header(id, n, version, DISCONNECT, 0);
	if (w)
		remove_worker(w);
}

static void register_worker(zmq_msg_t *id, zmq_msg_t *name, int version)
{
	if (zmq_msg_size(name) >= 4 && !memcmp(zmq_msg_data(name), "mmi.", 4)) {
		expel(zmq_msg_data(id), zmq_msg_size(id), version);
		return;
	}
	service *s = find_service(zmq_msg_data(name), zmq_msg_size(name), 1);
	if (!s)
		return;
	worker *w = calloc(1, sizeof *w);
	const char *concurrency = zmq_msg_gets(name, "X-MDP-Concurrency");
	w->capacity = concurrency ? atoi(concurrency) : 1;
	if (w->capacity < 1 || w->capacity > 1000)
		w->capacity = 1;
	w->slots = calloc(w->capacity, sizeof *w->slots);
	w->unused = calloc(w->capacity, sizeof *w->unused);
	w->id_size = zmq_msg_size(id);
	memcpy(w->id, zmq_msg_data(id), w->id_size);
	w->version = version;
	w->service = s;
	w->heard = w->sent = now;
	unsigned h = hash(w->id, w->id_size);
	w->next_hash = workers[h];
	workers[h] = w;
	w->next_all = all_workers;
	if (all_workers)
		all_workers->prev_all = w;
	all_workers = w;
	s->workers++;
	list_free(w);
	serve(s);
}

static void send_client_header(zmq_msg_t *id, zmq_msg_t *envelope, int envelopes, int version, int cmd, const char *name, int name_size)
{
	char code = cmd - 1; // PARTIAL is 2 and FINAL is 3
	send_bytes(zmq_msg_data(id), zmq_msg_size(id), 1);
	for (int i = 0; i < envelopes; i++)
		send_bytes(zmq_msg_data(&envelope[i]), zmq_msg_size(&envelope[i]), 1);
	send_bytes(version == 1 ? "MDPC01" : "MDPC02", 6, 1);
	if (version == 2)
		send_bytes(&code, 1, 1);
	send_bytes(name, name_size, 1);
}

static void handle_reply(worker *w, int cmd, zmq_msg_t *frames, int n)
{
	char *address = zmq_msg_data(&frames[0]);
	int size = zmq_msg_size(&frames[0]);
	uint32_t i = 0, number = 0;
	if (size >= 8) {
		memcpy(&i, address + size - 8, 4);
		memcpy(&number, address + size - 4, 4);
	}
	if (size < 8 || i >= (uint32_t)w->slots_used || !w->slots[i].request || w->slots[i].number != number) {
		expel(w->id, w->id_size, w->version);
		return;
	}
	request *r = w->slots[i].request;
	if (cmd == FINAL || r->version == 2) {
		send_client_header(&r->client, r->envelope, r->envelopes, r->version, cmd, r->service->name, r->service->name_size);
		for (int b = 2; b < n; b++)
			zmq_msg_send(&frames[b], router, ZMQ_DONTWAIT | (b + 1 < n ? ZMQ_SNDMORE : 0));
	}
	if (cmd != FINAL)
		return;
	w->slots[i].request = NULL;
	w->unused[w->free_slots++] = i;
	w->in_flight--;
	finish(r);
	list_free(w);
	serve(w->service);
}

static void handle_worker(zmq_msg_t *id, int version, int cmd, zmq_msg_t *frames, int n)
{
	worker *w = find_worker(zmq_msg_data(id), zmq_msg_size(id));
	if (cmd == DISCONNECT && n == 0) {
		if (w)
			remove_worker(w);
	} else if (cmd == READY && !w && n == 1) {
		register_worker(id, &frames[0], version);
	} else if (!w || cmd == READY || cmd == REQUEST) {
		expel(zmq_msg_data(id), zmq_msg_size(id), version);
	} else {
		w->heard = now;
		if ((cmd == FINAL || cmd == PARTIAL) && n >= 3)
			handle_reply(w, cmd, frames, n);
	}
}

static void handle_request(zmq_msg_t *id, zmq_msg_t *envelope, int envelopes, int version, zmq_msg_t *frames, int n)
{
	char *name = zmq_msg_data(&frames[0]);
	int name_size = zmq_msg_size(&frames[0]);
	if (n < 2)
		return;
	if (name_size >= 4 && !memcmp(name, "mmi.", 4)) {
		const char *code = "501";
		if (name_size == 11 && !memcmp(name, "mmi.service", 11)) {
			service *s = find_service(zmq_msg_data(&frames[1]), zmq_msg_size(&frames[1]), 0);
			code = s && s->workers ? "200" : "404";
		}
		send_client_header(id, envelope, envelopes, version, FINAL, name, name_size);
		send_bytes(code, 3, 0);
		return;
	}
	service *s = find_service(name, name_size, 1);
	if (!s || n - 1 > MAX_FRAMES || envelopes > 4)
		return;
	request *r = spare;
	if (r)
		spare = r->next;
	else
		r = malloc(sizeof *r);
	r->version = version;
	r->service = s;
	r->next = NULL;
	r->envelopes = envelopes;
	r->bodies = n - 1;
	zmq_msg_init(&r->client);
	zmq_msg_move(&r->client, id);
	for (int i = 0; i < envelopes; i++) {
		zmq_msg_init(&r->envelope[i]);
		zmq_msg_move(&r->envelope[i], &envelope[i]);
	}
	for (int i = 0; i < r->bodies; i++) {
		zmq_msg_init(&r->body[i]);
		zmq_msg_move(&r->body[i], &frames[i + 1]);
	}
	if (s->first_free) {
		dispatch(s->first_free, r);
		return;
	}
	if (s->back)
		s->back->next = r;
	else
		s->front = r;
	s->back = r;
}

static int is(zmq_msg_t *m, const char *text)
{
	return zmq_msg_size(m) == 6 && !memcmp(zmq_msg_data(m), text, 6);
}

// f has the frames after the routing ID.
static void handle(zmq_msg_t *id, zmq_msg_t *f, int n)
{
	int h = 0;
	if (!is(&f[0], "MDPW02") && !is(&f[0], "MDPC02")) {
		while (h < n && h < 5 && zmq_msg_size(&f[h]))
			h++;
		h++;
	}
	if (h >= n)
		return;
	int version = zmq_msg_size(&f[h]) == 6 ? ((char *)zmq_msg_data(&f[h]))[5] - '0' : 0;
	if (is(&f[h], "MDPW01") || is(&f[h], "MDPW02")) {
		if (h + 1 >= n || zmq_msg_size(&f[h + 1]) != 1)
			return;
		int cmd = *(char *)zmq_msg_data(&f[h + 1]);
		if (version == 1 && cmd > REQUEST)
			cmd++;
		handle_worker(id, version, cmd, f + h + 2, n - h - 2);
	} else if (is(&f[h], "MDPC01")) {
		handle_request(id, f, h, 1, f + h + 1, n - h - 1);
	} else if (is(&f[h], "MDPC02") && h + 1 < n && zmq_msg_size(&f[h + 1]) == 1 && *(char *)zmq_msg_data(&f[h + 1]) == 1) {
		handle_request(id, f, h, 2, f + h + 2, n - h - 2);
	}
}

static void tick(void)
{
	for (worker *w = all_workers, *next; w; w = next) {
		next = w->next_all;
		if (now - w->heard >= HEARTBEAT_MS * LIVENESS) {
			remove_worker(w);
		} else if (now - w->sent >= HEARTBEAT_MS) {
			w->sent = now;
			send_worker_header(w->id, w->id_size, w->version, HEARTBEAT, 0);
		}
	}
}

int main(int argc, char **argv)
{
	void *ctx = zmq_ctx_new();
	router = zmq_socket(ctx, ZMQ_ROUTER);
	int hwm = 100000;
	zmq_setsockopt(router, ZMQ_SNDHWM, &hwm, sizeof hwm);
	zmq_setsockopt(router, ZMQ_RCVHWM, &hwm, sizeof hwm);
	if (argc < 2 || zmq_bind(router, argv[1])) {
		perror("bind");
		return 1;
	}
	char bound[256];
	size_t size = sizeof bound;
	zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, bound, &size);
	printf("%s\n", bound);
	fflush(stdout);

	zmq_msg_t frames[MAX_FRAMES + 8];
	int64_t next_tick = 0;
	for (int count = 0;;) {
		if (count == 0 || count >= 256) {
			now = clock_ms();
			count = 0;
			if (now >= next_tick) {
				next_tick = now + 250;
				tick();
			}
		}
		int n = 0;
		zmq_msg_init(&frames[0]);
		if (zmq_msg_recv(&frames[0], router, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&frames[0]);
			zmq_pollitem_t item = {router, 0, ZMQ_POLLIN, 0};
			zmq_poll(&item, 1, 250);
			count = 0;
			continue;
		}
		count++;
		n = 1;
		while (zmq_msg_more(&frames[n - 1])) {
			if (n == MAX_FRAMES + 8)
				return 1;
			zmq_msg_init(&frames[n]);
			zmq_msg_recv(&frames[n], router, 0);
			n++;
		}
		if (n > 1)
			handle(&frames[0], frames + 1, n - 1);
		for (int i = 0; i < n; i++)
			zmq_msg_close(&frames[i]);
	}
}
