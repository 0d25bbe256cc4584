/* SPDX-License-Identifier: GPL-2.0-only */
/* A second reading of docs/table.md: keys. */
#ifndef ORACLE_KEYS_H
#define ORACLE_KEYS_H

#include <stdint.h>

#include "mappings.h"

uint64_t key_wrong(const char *word, unsigned int *size);
void keep_key(struct target *t, const char *word);

#endif
