/*
 * Declarations shared by the files of the libzmq peer. peer.c documents the peer.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

#define FILL 'x'

extern void *context;

void die(const char *what, ...);
double now(void);
void report(long messages, double seconds);
void *open_socket(int type);
void *bound(void *s, const char *endpoint);
char *new_body(size_t size);
void check_body(const char *body, size_t got, size_t size);

double publish(const char *endpoint, size_t size, long count, int drop);
void subscribe_all(const char *endpoint, size_t size);
void topic_pub(const char *endpoint, long count);

#endif
