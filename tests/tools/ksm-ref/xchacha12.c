// SPDX-License-Identifier: GPL-2.0-only
/* The stream cipher XChaCha12. */
#include <string.h>

#include "bytes.h"
#include "xchacha12.h"

#define CHACHA_BLOCK 64

static uint32_t rotl32(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void chacha_quarter_round(uint32_t s[16], int a, int b, int c, int d)
{
	s[a] += s[b];
	s[d] = rotl32(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotl32(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotl32(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotl32(s[b] ^ s[c], 7);
}

static void chacha12_permute(uint32_t s[16])
{
	int round, i;

	for (round = 0; round < 12; round += 2) {
		for (i = 0; i < 4; i++)
			chacha_quarter_round(s, i, 4 + i, 8 + i, 12 + i);
		for (i = 0; i < 4; i++)
			chacha_quarter_round(s, i, 4 + (i + 1) % 4,
					     8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
}

/* @last is the fourth row: counter and nonce for ChaCha, nonce for HChaCha. */
static void chacha_init(uint32_t s[16], const uint8_t key[32],
			const uint8_t last[16])
{
	int i;

	for (i = 0; i < 4; i++)
		s[i] = get_le32((const uint8_t *)"expand 32-byte k" + 4 * i);
	for (i = 0; i < 8; i++)
		s[4 + i] = get_le32(key + 4 * i);
	for (i = 0; i < 4; i++)
		s[12 + i] = get_le32(last + 4 * i);
}

/* Adds the key stream to @buf. */
void xchacha12(const uint8_t key[32], const uint8_t nonce[XCHACHA_NONCE],
	       uint8_t *buf, size_t len)
{
	uint8_t subkey[32], last[16], stream[CHACHA_BLOCK];
	uint32_t s[16], in[16];
	uint64_t counter;
	size_t n;
	int i;

	/* HChaCha12: the rounds alone; the first and the last row are the key. */
	chacha_init(s, key, nonce);
	chacha12_permute(s);
	for (i = 0; i < 4; i++) {
		put_le32(subkey + 4 * i, s[i]);
		put_le32(subkey + 16 + 4 * i, s[12 + i]);
	}

	/* ChaCha12: 64 bits of block counter, then what is left of the nonce. */
	memcpy(last + 8, nonce + 16, 8);
	for (counter = 0; len; counter++) {
		put_le64(last, counter);
		chacha_init(in, subkey, last);
		memcpy(s, in, sizeof(s));
		chacha12_permute(s);
		for (i = 0; i < 16; i++)
			put_le32(stream + 4 * i, s[i] + in[i]);
		n = len < CHACHA_BLOCK ? len : CHACHA_BLOCK;
		xor_bytes(buf, stream, n);
		buf += n;
		len -= n;
	}
}
