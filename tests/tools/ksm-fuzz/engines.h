/* SPDX-License-Identifier: GPL-2.0-only */
/* Engines that fail. */
#ifndef ENGINES_H
#define ENGINES_H

#include <stdbool.h>

#include "mappings.h"

void doubt(struct table *table);
void set_engines(bool fail);
void do_fault(void);

#endif
