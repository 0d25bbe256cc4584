/* SPDX-License-Identifier: GPL-2.0-only */
/* The grammar's words, good ones and strange ones. */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>

#include "mappings.h"
#include "vocabulary.h"

char *good_cipher(const struct cipher **cipher);
char *good_key(unsigned int size);
char *strange_key(void);
char *good_device(unsigned int self, struct target *t);
char *good_option(unsigned int *unit);
char *any_word(void);
char *strange_word(bool linear, unsigned int place);

#endif
