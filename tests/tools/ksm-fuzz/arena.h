/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for the words and lines of a step. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

void clear_arena(void);
char *room(size_t size);
__attribute__((format(printf, 1, 2))) char *word(const char *fmt, ...);
char *filled(char with, size_t len);

#endif
