/* SPDX-License-Identifier: GPL-2.0-only */
/* A second reading of docs/table.md: devices, and the areas of them. */
#ifndef ORACLE_DEVICES_H
#define ORACLE_DEVICES_H

#include <stdbool.h>

#include "causes.h"
#include "mappings.h"

bool device_wrong(struct target *t, unsigned int self, const char *word,
		  struct expect *e);
void areas_wrong(const struct table *table, struct expect *e);

#endif
