// SPDX-License-Identifier: GPL-2.0-only
/* Memory for the words and lines of a step. */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "fuzz.h"

static char arena[4 * LINE_MAX];
static size_t arena_used;

void clear_arena(void)
{
	arena_used = 0;
}

char *room(size_t size)
{
	char *at = arena + arena_used;

	if (size > sizeof(arena) - arena_used)
		errx(1, "my memory is too small");
	arena_used += size;
	return at;
}

char *word(const char *fmt, ...)
{
	size_t left = sizeof(arena) - arena_used;
	char *at = arena + arena_used;
	va_list ap;

	va_start(ap, fmt);
	room(vsnprintf(at, left, fmt, ap) + 1);
	va_end(ap);
	return at;
}

char *filled(char with, size_t len)
{
	char *at = room(len + 1);

	memset(at, with, len);
	at[len] = '\0';
	return at;
}
