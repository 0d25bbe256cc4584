// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adiantum with XChaCha12 and AES-256.
 *
 * Reference: Crowley, Biggers: Adiantum: length-preserving encryption for
 * entry-level processors, IACR ToSC 2018(4), https://eprint.iacr.org/2018/720
 */
#include <stdlib.h>
#include <string.h>

#include "adiantum.h"
#include "bytes.h"
#include "die.h"
#include "primitives.h"
#include "unit.h"
#include "xchacha12.h"

#define NH_PASSES 4
#define NH_UNIT	  16 /* bytes of message to a step of each pass */
#define NH_CHUNK  1024 /* bytes of message to one NH hash */
#define NH_HASH	  (8 * NH_PASSES)
#define NH_KEY	  (NH_CHUNK + NH_UNIT * (NH_PASSES - 1))

struct adiantum {
	uint8_t stream_key[32];
	EVP_CIPHER_CTX *aes;
	EVP_MAC_CTX *poly;
	uint8_t r_tweak[BLOCK];
	uint8_t r_msg[BLOCK];
	uint32_t nh_key[NH_KEY / 4];
};

/*
 * @out gets one 64-bit sum for each pass; pass p uses the key from word 4p on.
 * A step takes words m0..m3 and the key words k0..k3 across from them, and adds
 * (m0 + k0)(m2 + k2) + (m1 + k1)(m3 + k3). @len is a multiple of NH_UNIT here.
 */
static void nh(const uint32_t *key, const uint8_t *msg, size_t len,
	       uint8_t out[NH_HASH])
{
	size_t off;
	int pass, i;

	for (pass = 0; pass < NH_PASSES; pass++) {
		const uint32_t *k = key + NH_UNIT / 4 * pass;
		uint64_t sum = 0;

		for (off = 0; off < len; off += NH_UNIT, k += NH_UNIT / 4) {
			uint32_t x[NH_UNIT / 4];

			for (i = 0; i < NH_UNIT / 4; i++)
				x[i] = get_le32(msg + off + 4 * i) + k[i];
			sum += (uint64_t)x[0] * x[2] + (uint64_t)x[1] * x[3];
		}
		put_le64(out + 8 * pass, sum);
	}
}

/* a += b, or a -= b, modulo 2^128, little endian. */
static void add128(uint8_t a[BLOCK], const uint8_t b[BLOCK])
{
	unsigned int acc = 0;
	int i;

	for (i = 0; i < BLOCK; i++) {
		acc += a[i] + b[i];
		a[i] = acc;
		acc >>= 8;
	}
}

static void sub128(uint8_t a[BLOCK], const uint8_t b[BLOCK])
{
	int acc = 0;
	int i;

	for (i = 0; i < BLOCK; i++) {
		acc = a[i] - b[i] - acc;
		a[i] = acc;
		acc = acc < 0;
	}
}

/*
 * The hash H(T, L) of the tweak and the left part of the message: Poly1305 of
 * the length of L in bits (a 128-bit number) and T, plus Poly1305, with another
 * key, of NH of each chunk of L.
 */
static void adiantum_hash(struct adiantum *a, const uint8_t tweak[TWEAK],
			  const uint8_t *msg, size_t len, uint8_t out[BLOCK])
{
	uint8_t hashes[MAX_UNIT / NH_CHUNK * NH_HASH];
	uint8_t head[BLOCK + TWEAK] = { 0 };
	uint8_t sum[BLOCK];
	size_t off, n, nr = 0;

	put_le64(head, (uint64_t)len * 8);
	memcpy(head + BLOCK, tweak, TWEAK);
	poly1305(a->poly, a->r_tweak, head, sizeof(head), out);

	for (off = 0; off < len; off += n) {
		n = len - off < NH_CHUNK ? len - off : NH_CHUNK;
		nh(a->nh_key, msg + off, n, hashes + nr++ * NH_HASH);
	}
	poly1305(a->poly, a->r_msg, hashes, nr * NH_HASH, sum);
	add128(out, sum);
}

/* The stream cipher's nonce is the block, a one, and zeros. */
static void adiantum_stream(struct adiantum *a, const uint8_t block[BLOCK],
			    uint8_t *buf, size_t len)
{
	uint8_t nonce[XCHACHA_NONCE] = { 0 };

	memcpy(nonce, block, BLOCK);
	nonce[BLOCK] = 1;
	xchacha12(a->stream_key, nonce, buf, len);
}

struct adiantum *adiantum_new(const uint8_t key[32], bool encrypt)
{
	struct {
		uint8_t aes[32];
		uint8_t r_tweak[BLOCK];
		uint8_t r_msg[BLOCK];
		uint8_t nh[NH_KEY];
	} derived = { 0 };
	uint8_t nonce[XCHACHA_NONCE] = { 1 };
	struct adiantum *a = calloc(1, sizeof(*a));
	int i;

	_Static_assert(sizeof(derived) == 32 + 16 + 16 + 1072, "padding");

	if (!a)
		die(EXIT_FAILURE, "out of memory");

	/* All the other keys are key stream, for the empty string: 1, zeros. */
	memcpy(a->stream_key, key, sizeof(a->stream_key));
	xchacha12(key, nonce, (uint8_t *)&derived, sizeof(derived));
	a->aes = cipher_new("AES-256-ECB", derived.aes, encrypt);
	a->poly = poly1305_new();
	memcpy(a->r_tweak, derived.r_tweak, BLOCK);
	memcpy(a->r_msg, derived.r_msg, BLOCK);
	for (i = 0; i < NH_KEY / 4; i++)
		a->nh_key[i] = get_le32(derived.nh + 4 * i);
	return a;
}

void adiantum_free(struct adiantum *a)
{
	if (!a)
		return;
	EVP_CIPHER_CTX_free(a->aes);
	EVP_MAC_CTX_free(a->poly);
	free(a);
}

/*
 * The message is a left part and a last block, P_L and P_R:
 *	P_M = P_R + H(T, P_L);  C_M = E(P_M);
 *	C_L = P_L ^ S(C_M);     C_R = C_M - H(T, C_L).
 * Decryption swaps the roles of the left parts and inverts E. The nonce of S is
 * C_M both times: what E is about to invert, when decrypting.
 */
void adiantum_unit(struct adiantum *a, bool encrypt, const uint8_t tweak[TWEAK],
		   uint8_t *buf, size_t len)
{
	uint8_t *last = buf + len - BLOCK;
	uint8_t hash[BLOCK];

	len -= BLOCK;
	adiantum_hash(a, tweak, buf, len, hash);
	add128(last, hash);
	if (encrypt)
		cipher_run(a->aes, last, last, BLOCK);
	adiantum_stream(a, last, buf, len);
	if (!encrypt)
		cipher_run(a->aes, last, last, BLOCK);
	adiantum_hash(a, tweak, buf, len, hash);
	sub128(last, hash);
}
