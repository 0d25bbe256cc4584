/* SPDX-License-Identifier: GPL-2.0-only */
/* A second reading of docs/table.md: options. */
#ifndef ORACLE_OPTIONS_H
#define ORACLE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	bool discards;
	bool large;
	unsigned int no_effect;
	uint64_t unit;
	unsigned int hw;
};

uint64_t options_wrong(struct options *o, unsigned int nr, char **words);

#endif
