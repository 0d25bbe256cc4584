/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines made of words, and damage to both. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>

#include "parse.h"

struct words {
	unsigned int nr;
	char *w[MAX_WORDS];
};

void add(struct words *words, char *text);
void damage_words(struct words *words, bool linear);
void damage_bytes(char *line);
void join(const struct words *words, char *line);
void write_line(struct words *words, bool linear, char *line);

#endif
