// SPDX-License-Identifier: GPL-2.0-only
/*
 * XTS for a whole number of blocks, from the block cipher.
 *
 * Reference: IEEE Std 1619-2007.
 */
#include <string.h>

#include "bytes.h"
#include "unit.h"
#include "xts.h"

/* Multiplies by x in GF(2^128), the least significant bit of byte 0 first. */
static void xts_next_tweak(uint8_t t[BLOCK])
{
	uint8_t carry = 0;
	int i;

	for (i = 0; i < BLOCK; i++) {
		uint8_t out = t[i] >> 7;

		t[i] = t[i] << 1 | carry;
		carry = out;
	}
	if (carry)
		t[0] ^= 0x87;
}

/*
 * @data_ecb is the block cipher with the first half of the key, in the direction
 * wanted; @tweak_ecb with the second half, and always encrypts.
 */
void xts_unit(EVP_CIPHER_CTX *data_ecb, EVP_CIPHER_CTX *tweak_ecb,
	      const uint8_t iv[BLOCK], uint8_t *buf, size_t len)
{
	uint8_t tweaks[MAX_UNIT];
	uint8_t t[BLOCK];
	size_t i;

	cipher_run(tweak_ecb, iv, t, BLOCK);
	for (i = 0; i < len; i += BLOCK) {
		memcpy(tweaks + i, t, BLOCK);
		xts_next_tweak(t);
	}
	xor_bytes(buf, tweaks, len);
	cipher_run(data_ecb, buf, buf, len);
	xor_bytes(buf, tweaks, len);
}
