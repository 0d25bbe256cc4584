/* SPDX-License-Identifier: GPL-2.0-only */
/* The grammar of tables. */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "vocabulary.h"

unsigned int write_table(unsigned int self, struct spec *specs);

#endif
