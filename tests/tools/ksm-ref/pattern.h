/* SPDX-License-Identifier: GPL-2.0-only */
/* Test data: a keystream that depends on a seed. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

void pattern_open(EVP_CIPHER_CTX **ctx, uint64_t seed);
void pattern_next(EVP_CIPHER_CTX *ctx, uint8_t *buf, size_t len);

#endif
