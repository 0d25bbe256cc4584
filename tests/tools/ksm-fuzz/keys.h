/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys that are used, in hex digits and in our keyring. */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>

extern const char key_hex[];

/**
 * struct ring_key - a key in our keyring
 * @type: its type
 * @desc: its description
 * @size: its size in bytes
 * @revoked: it is of no use any more
 * @absent: this kernel did not make it
 */
struct ring_key {
	const char *type;
	const char *desc;
	unsigned int size;
	bool revoked;
	bool absent;
};

extern struct ring_key ring[];
extern const unsigned int nr_ring;

void make_keys(void);
bool leaks(const char *text);

#endif
