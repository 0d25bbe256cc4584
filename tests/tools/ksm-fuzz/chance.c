// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers: the same for the same seed. */
#include "chance.h"

static uint64_t rng_state;

void seed_chance(uint64_t seed)
{
	rng_state = seed;
}

uint64_t rnd(void)
{
	uint64_t x = rng_state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

unsigned int below(unsigned int n)
{
	return rnd() % n;
}

bool one_in(unsigned int n)
{
	return !below(n);
}
