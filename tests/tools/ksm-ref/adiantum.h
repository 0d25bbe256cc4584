/* SPDX-License-Identifier: GPL-2.0-only */
/* Adiantum with XChaCha12 and AES-256. */
#ifndef ADIANTUM_H
#define ADIANTUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWEAK 32

struct adiantum;

struct adiantum *adiantum_new(const uint8_t key[32], bool encrypt);
void adiantum_free(struct adiantum *a);
void adiantum_unit(struct adiantum *a, bool encrypt, const uint8_t tweak[TWEAK],
		   uint8_t *buf, size_t len);

#endif
