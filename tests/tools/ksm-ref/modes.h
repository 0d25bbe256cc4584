/* SPDX-License-Identifier: GPL-2.0-only */
/* The ciphers of dm-crypt tables, and data units encrypted by them. */
#ifndef MODES_H
#define MODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "adiantum.h"
#include "unit.h"

enum algorithm {
	ALG_XTS_AES,
	ALG_XTS_SM4,
	ALG_CBC_ESSIV,
	ALG_ADIANTUM,
};

struct mode {
	const char *spec; /* as in a dm-crypt table */
	enum algorithm alg;
	size_t key_sizes[4];
};

extern const struct mode modes[];
extern const size_t nr_modes;

struct crypt {
	enum algorithm alg;
	bool encrypt;
	size_t iv_size;
	EVP_CIPHER_CTX *data; /* XTS or CBC; ECB if XTS is done here */
	EVP_CIPHER_CTX *iv; /* ECB: XTS's second key, if done here; ESSIV */
	struct adiantum *adiantum;
};

const struct mode *mode_find(const char *spec);
bool mode_takes_key(const struct mode *mode, size_t size);
void crypt_init(struct crypt *c, const struct mode *mode, const uint8_t *key,
		size_t key_size, bool encrypt, bool by_hand);
void crypt_exit(struct crypt *c);
void crypt_unit(struct crypt *c, const uint8_t *iv, uint8_t *buf, size_t len);
uint64_t unit_number(uint64_t sector, uint64_t iv_offset, size_t sector_size,
		     bool iv_large_sectors);
void crypt_numbered_unit(struct crypt *c, uint64_t nr, uint8_t *buf,
			 size_t len);

#endif
