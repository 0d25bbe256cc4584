// SPDX-License-Identifier: GPL-2.0-only
/* Test data: a keystream that depends on a seed. */
#include <string.h>

#include "bytes.h"
#include "pattern.h"
#include "primitives.h"

void pattern_open(EVP_CIPHER_CTX **ctx, uint64_t seed)
{
	static const uint8_t zero_iv[BLOCK];
	uint8_t seed_block[15 + 8] = "ksm-ref pattern";
	uint8_t key[32];

	put_le64(seed_block + 15, seed);
	sha256(seed_block, sizeof(seed_block), key);
	*ctx = cipher_new("AES-256-CTR", key, true);
	cipher_set_iv(*ctx, zero_iv);
}

void pattern_next(EVP_CIPHER_CTX *ctx, uint8_t *buf, size_t len)
{
	memset(buf, 0, len);
	cipher_run(ctx, buf, buf, len);
}
