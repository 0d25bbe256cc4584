/* SPDX-License-Identifier: GPL-2.0-only */
/* Known answers of the ciphers. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>

struct vector {
	const char *name;
	const char *cipher;
	const char *key;
	const char *iv;
	size_t len;
	const char *pt; /* NULL: 00 01 .. ff 00 .. */
	const char *ct; /* NULL: its digest stands for it */
	const char *ct_sha256;
};

extern const struct vector vectors[];
extern const size_t nr_vectors;

#endif
