// SPDX-License-Identifier: GPL-2.0-only
/* The grammar of tables. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "chance.h"
#include "disks.h"
#include "grammar.h"
#include "lines.h"
#include "mappings.h"
#include "words.h"

/* The size of what a target lies on, as far as there is one. */
static uint64_t place_size(const struct target *t)
{
	return t->place == ON_DISK ? disks[t->index].sectors :
				     name_size(&names[t->index]);
}

static uint64_t good_len(uint64_t left, unsigned int parts)
{
	uint64_t len = left / parts / 8 * 8;

	if (one_in(2) && len > 8)
		len = (1 + below(len / 8)) * 8;
	return len ?: 8;
}

static uint64_t strange_len(uint64_t good)
{
	static const uint64_t lens[] = { 0,
					 1,
					 7,
					 9,
					 1ULL << 31,
					 1ULL << 32,
					 1ULL << 54,
					 1ULL << 55,
					 1ULL << 63,
					 UINT64_MAX - 7,
					 UINT64_MAX - 8,
					 UINT64_MAX };

	switch (below(4)) {
	case 0:
		return good + 1 + below(8);
	case 1:
		return good + (1 << 20);
	default:
		return PICK(lens);
	}
}

static void write_ksm(unsigned int self, unsigned int parts, struct spec *spec)
{
	struct words words = { 0 };
	const struct cipher *cipher;
	struct target t = { 0 };
	unsigned int unit = 512, i, nr;
	char *device = good_device(self, &t);
	uint64_t start = below(4) * 8;

	add(&words, good_cipher(&cipher));
	add(&words,
	    one_in(8) ? strange_key() : good_key(PICK(cipher->key_sizes)));
	add(&words, one_in(8) ? word("%ju", (uintmax_t)(UINT64_MAX
							<< (20 + below(30)))) :
				word("%u", below(4) * 8));
	add(&words, device);
	add(&words, word("%ju", (uintmax_t)start));
	nr = one_in(3) ? 0 : below(6);
	if (nr || one_in(4))
		add(&words, word("%u", nr));
	for (i = 0; i < nr; i++)
		add(&words, good_option(&unit));
	spec->len = good_len(
		place_size(&t) > start ? place_size(&t) - start : 8, parts);
	write_line(&words, false, spec->line);
}

static void write_linear(unsigned int self, unsigned int parts,
			 struct spec *spec)
{
	struct words words = { 0 };
	struct target t = { 0 };
	uint64_t start = below(3) * 8;

	add(&words, good_device(self, &t));
	add(&words, word("%ju", (uintmax_t)start));
	spec->len = good_len(
		place_size(&t) > start ? place_size(&t) - start : 8, parts);
	write_line(&words, true, spec->line);
}

static void write_spec(unsigned int self, bool linear, unsigned int parts,
		       struct spec *spec)
{
	static const char *const types[] = { "ksm-", "ksm-none", "KSM" };

	spec->type = linear ? "ksm-linear" : "ksm";
	if (linear)
		write_linear(self, parts, spec);
	else
		write_ksm(self, parts, spec);
	if (one_in(24))
		spec->len = strange_len(spec->len);
	if (one_in(64))
		spec->type = PICK(types);
	if (one_in(64)) {
		spec->type = "error";
		*spec->line = '\0';
	}
}

/* Returns the number of lines. */
unsigned int write_table(unsigned int self, struct spec *specs)
{
	unsigned int i, nr = one_in(4) ? 1 + below(MAX_TARGETS) : 1;
	bool linear = one_in(self < LOWER_NAMES ? 2 : 16);
	uint64_t next = 0;

	/* A name that has a ksm-linear takes nothing else. */
	if (names[self].active.nr && names[self].active.t[0].linear)
		linear = !one_in(8);
	for (i = 0; i < nr; i++) {
		if (one_in(32))
			linear = !linear;
		write_spec(self, linear, nr, &specs[i]);
		specs[i].begin = next;
		next += specs[i].len;
		if (one_in(64))
			specs[i].begin += 1 + below(8);
	}
	return nr;
}
