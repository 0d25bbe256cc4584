// SPDX-License-Identifier: GPL-2.0-only
/* Building blocks from OpenSSL. */
#include <string.h>

#include "die.h"
#include "primitives.h"

EVP_CIPHER_CTX *cipher_new(const char *name, const uint8_t *key, bool encrypt)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!cipher || !ctx ||
	    EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, encrypt) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)
		die_openssl(name);
	EVP_CIPHER_free(cipher); /* the context has a reference */
	return ctx;
}

void cipher_set_iv(EVP_CIPHER_CTX *ctx, const uint8_t *iv)
{
	if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, iv, -1) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)
		die_openssl("setting an IV");
}

/* @in and @out may be the same. */
void cipher_run(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t *out,
		size_t len)
{
	int outl;

	if (!len)
		return;
	if (EVP_CipherUpdate(ctx, out, &outl, in, len) != 1 ||
	    (size_t)outl != len)
		die_openssl("a cipher");
}

void sha256(const void *data, size_t len, uint8_t *digest)
{
	if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
		die_openssl("SHA-256");
}

EVP_MAC_CTX *poly1305_new(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	if (!ctx)
		die_openssl("Poly1305");
	EVP_MAC_free(mac); /* the context has a reference */
	return ctx;
}

/* The polynomial hash without what makes it a MAC: s = 0. */
void poly1305(EVP_MAC_CTX *ctx, const uint8_t r[BLOCK], const uint8_t *msg,
	      size_t len, uint8_t out[BLOCK])
{
	uint8_t key[2 * BLOCK] = { 0 };
	size_t outl;

	memcpy(key, r, BLOCK);
	if (EVP_MAC_init(ctx, key, sizeof(key), NULL) != 1 ||
	    EVP_MAC_update(ctx, msg, len) != 1 ||
	    EVP_MAC_final(ctx, out, &outl, BLOCK) != 1 || outl != BLOCK)
		die_openssl("Poly1305");
}
