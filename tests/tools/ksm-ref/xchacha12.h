/* SPDX-License-Identifier: GPL-2.0-only */
/* The stream cipher XChaCha12. */
#ifndef XCHACHA12_H
#define XCHACHA12_H

#include <stddef.h>
#include <stdint.h>

#define XCHACHA_NONCE 24

void xchacha12(const uint8_t key[32], const uint8_t nonce[XCHACHA_NONCE],
	       uint8_t *buf, size_t len);

#endif
