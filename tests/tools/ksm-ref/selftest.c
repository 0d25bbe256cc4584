// SPDX-License-Identifier: GPL-2.0-only
/* Proof that the ciphers, the numbers of data units and the pattern are right. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "bytes.h"
#include "die.h"
#include "modes.h"
#include "pattern.h"
#include "primitives.h"
#include "selftest.h"
#include "vectors.h"

/* Expected numbers, from dm-crypt.rst's words for iv_large_sectors. */
static const struct {
	uint64_t sector, iv_offset;
	size_t sector_size;
	bool large;
	uint64_t nr;
} numbers[] = {
	{ 0, 0, 512, false, 0 },
	{ 7, 0, 512, false, 7 },
	{ 7, 100, 512, false, 107 },
	{ 7, 100, 512, true, 107 },
	{ 6, 0, 1024, false, 6 },
	{ 6, 0, 1024, true, 3 },
	{ 8, 0, 2048, false, 8 },
	{ 8, 4, 2048, true, 3 },
	{ 16, 0, 4096, false, 16 },
	{ 16, 24, 4096, false, 40 },
	{ 16, 0, 4096, true, 2 },
	{ 16, 24, 4096, true, 5 },
	{ 8, 0xfffffff8, 4096, false, 0x100000000 },
	{ 8, 0xfffffff8, 4096, true, 0x20000000 },
};

/*
 * From: (printf 'ksm-ref pattern'; printf '\1\0\0\0\0\0\0\0') | sha256sum, and
 * head -c 80 /dev/zero | openssl enc -aes-256-ctr -K THAT -iv 0
 */
static const char pattern_1[] =
	"d71b30895428e9717cd02c58593178f259375c704026654ecd87caa4fa61e1f4"
	"31d09bdbfce8560695fe1d72b8e7c38251cff964ebb7b7e2a7da7b848f19e06e"
	"e07b34264f27d74d31d55c8ab8169b97";

static unsigned int tests, failures;

static void check(bool ok, const char *name, const char *what)
{
	tests++;
	if (ok)
		return;
	failures++;
	printf("FAILED: %s: %s\n", name, what);
}

/* Either decodes @hex in full or dies: the table is part of the program. */
static void decode(const struct vector *v, const char *hex, uint8_t *out,
		   size_t len)
{
	if (parse_hex(hex, out, len) != (ssize_t)len)
		die(EXIT_FAILURE, "%s: bad vector", v->name);
}

static bool ct_is_right(const struct vector *v, const uint8_t *buf)
{
	uint8_t want[MAX_UNIT], digest[32];

	if (v->ct) {
		decode(v, v->ct, want, v->len);
		return !memcmp(buf, want, v->len);
	}
	decode(v, v->ct_sha256, want, sizeof(digest));
	sha256(buf, v->len, digest);
	return !memcmp(digest, want, sizeof(digest));
}

/* Is @iv what plain64 makes of some sector number? */
static bool iv_to_number(const uint8_t *iv, size_t iv_size, uint64_t *nr)
{
	size_t i;

	for (i = 8; i < iv_size; i++)
		if (iv[i])
			return false;
	*nr = (uint64_t)get_le32(iv + 4) << 32 | get_le32(iv);
	return true;
}

static void test_vector(const struct vector *v, bool by_hand)
{
	const struct mode *mode = mode_find(v->cipher);
	size_t key_size = strlen(v->key) / 2;
	uint8_t key[MAX_KEY], iv[MAX_IV];
	uint8_t pt[MAX_UNIT], ct[MAX_UNIT], buf[MAX_UNIT];
	struct crypt enc, dec;
	uint64_t nr;
	size_t i;

	if (!mode || !mode_takes_key(mode, key_size) || v->len > MAX_UNIT)
		die(EXIT_FAILURE, "%s: bad vector", v->name);
	decode(v, v->key, key, key_size);
	if (v->pt)
		decode(v, v->pt, pt, v->len);
	for (i = 0; !v->pt && i < v->len; i++)
		pt[i] = i;

	crypt_init(&enc, mode, key, key_size, true, by_hand);
	crypt_init(&dec, mode, key, key_size, false, by_hand);
	decode(v, v->iv, iv, enc.iv_size);

	memcpy(ct, pt, v->len);
	crypt_unit(&enc, iv, ct, v->len);
	check(ct_is_right(v, ct), v->name, "encryption");

	/* @ct is the published one only if the check above has passed. */
	memcpy(buf, ct, v->len);
	if (v->ct)
		decode(v, v->ct, buf, v->len);
	crypt_unit(&dec, iv, buf, v->len);
	check(!memcmp(buf, pt, v->len), v->name, "decryption");

	/* Again with the same contexts, the way sectors are done. */
	if (iv_to_number(iv, enc.iv_size, &nr)) {
		memcpy(buf, pt, v->len);
		crypt_numbered_unit(&enc, nr, buf, v->len);
		check(ct_is_right(v, buf), v->name, "encryption by number");
		crypt_numbered_unit(&dec, nr, buf, v->len);
		check(!memcmp(buf, pt, v->len), v->name,
		      "decryption by number");
	}

	crypt_exit(&enc);
	crypt_exit(&dec);
}

int cmd_selftest(void)
{
	uint8_t want[80], got[80];
	EVP_CIPHER_CTX *ctx;
	char what[32];
	size_t i;

	for (i = 0; i < nr_vectors; i++) {
		test_vector(&vectors[i], false);
		if (mode_find(vectors[i].cipher)->alg == ALG_XTS_AES)
			test_vector(&vectors[i], true);
	}

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		snprintf(what, sizeof(what), "case %zu", i);
		check(unit_number(numbers[i].sector, numbers[i].iv_offset,
				  numbers[i].sector_size,
				  numbers[i].large) == numbers[i].nr,
		      "numbers of data units", what);
	}

	if (parse_hex(pattern_1, want, sizeof(want)) != sizeof(want))
		die(EXIT_FAILURE, "bad expected pattern");
	pattern_open(&ctx, 1);
	pattern_next(ctx, got, 32);
	pattern_next(ctx, got + 32, sizeof(got) - 32);
	EVP_CIPHER_CTX_free(ctx);
	check(!memcmp(want, got, sizeof(want)), "pattern", "seed 1");

	printf("%u checks, %u failed\n", tests, failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
