// SPDX-License-Identifier: GPL-2.0-only
/* A second reading of docs/table.md: what is wrong with a table? */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "disks.h"
#include "oracle.h"
#include "oracle_devices.h"
#include "oracle_keys.h"
#include "oracle_options.h"
#include "parse.h"

static const struct cipher *find_cipher(const char *spelling)
{
	unsigned int i;

	for (i = 0; i < nr_ciphers; i++)
		if (!strcmp(ciphers[i].spelling, spelling))
			return &ciphers[i];
	return NULL;
}

static uint64_t numbers_wrong(struct target *t, const char *iv_word,
			      const char *start_word, uint64_t *iv)
{
	const uint64_t mask = t->unit / 512 - 1;
	uint64_t wrong = 0;

	if (!number(iv_word, UINT64_MAX, iv)) {
		wrong |= BIT(IV_NUMBER);
	} else {
		if (*iv & mask)
			wrong |= BIT(IV_MULTIPLE);
		if (*iv > UINT64_MAX - t->len)
			wrong |= BIT(IV_WRAPS);
	}
	if (!number(start_word, UINT64_MAX, &t->start))
		wrong |= BIT(START_NUMBER);
	else if (t->start > UINT64_MAX - t->len)
		wrong |= BIT(START_BEYOND);
	if (t->len & mask)
		wrong |= BIT(LENGTH_MULTIPLE);
	return wrong;
}

static void keep_rest(struct target *t, uint64_t iv, const struct options *o)
{
	dev_t dev = t->place == ON_DISK ? disks[t->index].dev :
		    t->place == ON_NAME ? names[t->index].dev :
					  0;
	unsigned int i, count = o->discards + o->large + (o->unit != 512) +
				!!o->hw + __builtin_popcount(o->no_effect);
	char *to = t->rest;

	to += sprintf(to, " %ju %u:%u %ju", (uintmax_t)iv, major(dev),
		      minor(dev), (uintmax_t)t->start);
	if (count)
		to += sprintf(to, " %u", count);
	if (o->discards)
		to += sprintf(to, " allow_discards");
	for (i = 0; i < nr_no_effect; i++)
		if (o->no_effect & 1U << i)
			to += sprintf(to, " %s", no_effect[i]);
	if (o->unit != 512)
		to += sprintf(to, " sector_size:%ju", (uintmax_t)o->unit);
	if (o->large)
		to += sprintf(to, " iv_large_sectors");
	if (o->hw)
		to += sprintf(to, " hw:%s", choices[o->hw]);
}

static void engine_wrong(const struct target *t, const struct options *o,
			 struct expect *e)
{
	if (!t->require)
		return;
	if ((t->unit != 512 && !o->large) || t->start & (t->unit / 512 - 1))
		e->must |= BIT(NO_ENGINE);
	else if (t->place == ON_DISK && !disks[t->index].engine)
		e->must |= BIT(NO_ENGINE);
	else if (t->place != ON_DISK)
		e->may |= BIT(NO_ENGINE);
}

static bool read_ksm(struct target *t, unsigned int self, unsigned int nr,
		     char **words, struct expect *e)
{
	const struct cipher *cipher;
	struct options o = { .unit = 512 };
	uint64_t iv = 0, wrong;

	if (nr < 5) {
		e->must |= BIT(FEW);
		return true;
	}
	wrong = options_wrong(&o, nr - 5, words + 5);
	e->must |= wrong;
	/* What is wrong with the rest depends on them. */
	if (wrong)
		return true;
	t->unit = o.unit;
	t->require = o.hw == 1;
	e->must |= numbers_wrong(t, words[2], words[4], &iv);
	cipher = find_cipher(words[0]);
	if (!cipher)
		e->must |= BIT(CIPHER);
	wrong = key_wrong(words[1], &t->key_size);
	e->must |= wrong;
	if (cipher && t->key_size != cipher->key_sizes[0] &&
	    t->key_size != cipher->key_sizes[1])
		e->must |= wrong ? 0 : BIT(KEY_SIZE);
	/* Of several things that are wrong with a key, any may be said. */
	if (cipher && wrong & (BIT(KEY_HEX) | BIT(KEY_REVOKED) |
			       BIT(KEY_NOT_FOUND) | BIT(KEY_RING_SIZE)))
		e->may |= BIT(KEY_SIZE);
	if (!device_wrong(t, self, words[3], e))
		return false;
	engine_wrong(t, &o, e);
	if (e->must)
		return true;
	snprintf(t->cipher, sizeof(t->cipher), "%s", words[0]);
	keep_key(t, words[1]);
	keep_rest(t, iv, &o);
	return true;
}

static bool read_linear(struct target *t, unsigned int self, unsigned int nr,
			char **words, struct expect *e)
{
	dev_t dev;

	if (nr != 2) {
		e->must |= BIT(LINEAR_ARGS);
		return true;
	}
	t->unit = 512;
	if (!number(words[1], UINT64_MAX, &t->start))
		e->must |= BIT(START_NUMBER);
	else if (t->start > UINT64_MAX - t->len)
		e->must |= BIT(START_BEYOND);
	if (!device_wrong(t, self, words[0], e))
		return false;
	/* Whether somebody above uses what this one lacks. */
	e->may |= BIT(LINEAR_LACKS);
	dev = t->place == ON_DISK ? disks[t->index].dev :
	      t->place == ON_NAME ? names[t->index].dev :
				    0;
	sprintf(t->rest, "%u:%u %ju", major(dev), minor(dev),
		(uintmax_t)t->start);
	return true;
}

static bool read_spec(struct target *t, unsigned int self,
		      const struct spec *spec, struct expect *e)
{
	static char line[LINE_MAX];
	char *words[MAX_WORDS];
	unsigned int nr;

	memset(t, 0, sizeof(*t));
	t->begin = spec->begin;
	t->len = spec->len;
	t->place = ON_UNKNOWN;
	t->linear = !strcmp(spec->type, "ksm-linear");
	t->other = !t->linear && strcmp(spec->type, "ksm");
	strcpy(line, spec->line);
	nr = split(line, words);
	/* Said before the rest is looked at. */
	if (t->begin + t->len < t->begin || t->begin + t->len > INT64_MAX >> 9)
		e->may |= BIT(TOO_LARGE);
	if (!spec->len) {
		e->must |= BIT(ZERO_LENGTH);
		/* The rest may be said, or not be looked at. */
		return true;
	}
	if (t->other) {
		e->must |= strcmp(spec->type, "error") ? BIT(UNKNOWN_TYPE) : 0;
		return true;
	}
	return t->linear ? read_linear(t, self, nr, words, e) :
			   read_ksm(t, self, nr, words, e);
}

static bool is_wildcard(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].other)
			return true;
	return false;
}

/* What device mapper has against the table as a whole. */
static void whole_wrong(const struct name *n, const struct table *table,
			struct expect *e)
{
	unsigned int i, linears = 0;
	uint64_t next = 0, askew = 0;

	for (i = 0; i < table->nr; i++) {
		const struct target *t = &table->t[i];

		if (t->begin != next)
			e->must |= BIT(GAP);
		next = t->begin + t->len;
		linears += t->linear;
		askew |= t->begin | t->len;
	}
	if (linears && linears < table->nr)
		e->must |= BIT(MIXED);
	if (n->active.nr && n->active.t[0].linear && !linears &&
	    !is_wildcard(table))
		e->must |= BIT(IMMUTABLE);
	/* It depends on the largest block of all of them. */
	if (table->nr > 1 && askew & 7)
		e->may |= BIT(LINE_ALIGNED) | BIT(LAST_ALIGNED) |
			  BIT(START_ALIGNED) | BIT(LEN_ALIGNED);
}

/* False if the table is not to be tried. */
bool read_table(unsigned int self, const struct spec *specs, unsigned int nr,
		struct table *table, struct expect *e)
{
	const struct name *n = &names[self];
	unsigned int i;

	memset(e, 0, sizeof(*e));
	table->nr = nr;
	for (i = 0; i < nr; i++)
		if (!read_spec(&table->t[i], self, &specs[i], e))
			return false;
	whole_wrong(n, table, e);
	/* If it is refused already, nobody gets that far. */
	if (!n->typed && !e->must)
		areas_wrong(table, e);
	return true;
}
