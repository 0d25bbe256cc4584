/* SPDX-License-Identifier: GPL-2.0-only */
/* Words and numbers as the kernel reads them. */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_WORDS 256

bool is_space(char c);
unsigned int split(char *line, char **words);
bool number(const char *word, uint64_t max, uint64_t *value);

#endif
