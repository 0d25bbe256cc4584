/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ciphers that ksm has, see docs/table.md.
 */
#ifndef KSMSETUP_CIPHERS_H
#define KSMSETUP_CIPHERS_H

#include <stddef.h>

/**
 * struct cipher - one of them, with one size of keys
 * @spec: as in a table
 * @name: as engines name it
 * @cipher: first part for crypt_benchmark()
 * @mode: second part
 * @key_size: in bytes
 * @iv_size: in bytes
 */
struct cipher {
	const char *spec, *name, *cipher, *mode;
	size_t key_size, iv_size;
};

#define CIPHER_COUNT 6
extern const struct cipher ciphers[CIPHER_COUNT];

#endif /* KSMSETUP_CIPHERS_H */
