/* SPDX-License-Identifier: GPL-2.0-only */
/* XTS for a whole number of blocks, from the block cipher. */
#ifndef XTS_H
#define XTS_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "primitives.h"

void xts_unit(EVP_CIPHER_CTX *data_ecb, EVP_CIPHER_CTX *tweak_ecb,
	      const uint8_t iv[BLOCK], uint8_t *buf, size_t len);

#endif
