/* SPDX-License-Identifier: GPL-2.0-only */
/* A second reading of docs/table.md: what is wrong with a table? */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>

#include "causes.h"
#include "mappings.h"
#include "vocabulary.h"

bool read_table(unsigned int self, const struct spec *specs, unsigned int nr,
		struct table *table, struct expect *e);

#endif
