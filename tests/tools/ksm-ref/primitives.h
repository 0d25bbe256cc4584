/* SPDX-License-Identifier: GPL-2.0-only */
/* Building blocks from OpenSSL. Whatever fails ends the program. */
#ifndef PRIMITIVES_H
#define PRIMITIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#define BLOCK 16 /* of AES and SM4 */

EVP_CIPHER_CTX *cipher_new(const char *name, const uint8_t *key, bool encrypt);
void cipher_set_iv(EVP_CIPHER_CTX *ctx, const uint8_t *iv);
void cipher_run(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t *out,
		size_t len);
void sha256(const void *data, size_t len, uint8_t *digest);
EVP_MAC_CTX *poly1305_new(void);
void poly1305(EVP_MAC_CTX *ctx, const uint8_t r[BLOCK], const uint8_t *msg,
	      size_t len, uint8_t out[BLOCK]);

#endif
