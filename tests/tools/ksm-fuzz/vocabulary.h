/* SPDX-License-Identifier: GPL-2.0-only */
/* What table lines are made of, as docs/table.md has it. */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include <stdint.h>

#include "fuzz.h"

struct cipher {
	const char *spelling;
	unsigned int key_sizes[2];
};

extern const struct cipher ciphers[];
extern const unsigned int nr_ciphers;

/* Options that are taken and change nothing. */
extern const char *const no_effect[];
extern const unsigned int nr_no_effect;

/* Values of the option hw. */
extern const char *const choices[];
extern const unsigned int nr_choices;

/**
 * struct spec - one line of a table, as it is given
 * @type: target type
 * @begin: first sector
 * @len: number of sectors
 * @line: the arguments
 */
struct spec {
	const char *type;
	uint64_t begin;
	uint64_t len;
	char line[LINE_MAX];
};

#endif
