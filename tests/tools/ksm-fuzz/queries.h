/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel shows of tables: TABLE and INFO. */
#ifndef QUERIES_H
#define QUERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "mappings.h"

void shown_line(const struct target *t, char *to, size_t size);
const char *type_of(const struct target *t);
bool places_known(const struct table *table);
void query_table(struct name *n, bool inactive);
void do_query(unsigned int self);

#endif
