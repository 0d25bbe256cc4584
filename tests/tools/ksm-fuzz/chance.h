/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers: the same for the same seed. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz.h"

void seed_chance(uint64_t seed);
uint64_t rnd(void);
unsigned int below(unsigned int n);
bool one_in(unsigned int n);

#define PICK(array) ((array)[below(ARRAY_SIZE(array))])

#endif
