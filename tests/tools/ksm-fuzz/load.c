// SPDX-License-Identifier: GPL-2.0-only
/* Tables are given to the kernel. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "calls.h"
#include "causes.h"
#include "chance.h"
#include "findings.h"
#include "grammar.h"
#include "load.h"
#include "mappings.h"
#include "oracle.h"
#include "queries.h"

/* As it can be given again: backslashes doubled, which is libdevmapper's way. */
static void given_line(const struct target *t, bool redacted, char *to,
		       size_t size)
{
	char line[1024];
	const char *from = line;

	shown_line(t, line, sizeof(line));
	if (!redacted && !t->linear && !t->other)
		snprintf(line, sizeof(line), "%s %s%s", t->cipher, t->key,
			 t->rest);
	for (; *from && size > 2; size--) {
		if (*from == '\\') {
			*to++ = '\\';
			size--;
		}
		*to++ = *from++;
	}
	*to = '\0';
}

static int load_again(struct name *n, bool redacted)
{
	const struct table *table = &n->inactive;
	struct dm_ioctl *io = call_begin(n->name);
	char *at = buf + sizeof(*io);
	char line[2048];
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		given_line(&table->t[i], redacted, line, sizeof(line));
		put_spec(&at, table->t[i].begin, table->t[i].len,
			 type_of(&table->t[i]), line);
	}
	return call_load(io, at, table->nr, table->readonly);
}

/* What TABLE shows can be loaded, with the key in its place, and is shown again. */
static void check_again(struct name *n)
{
	struct expect e = { 0 };
	unsigned int i;
	int error;

	query_table(n, true);
	if (!places_known(&n->inactive))
		return;
	error = load_again(n, false);
	look();
	if (judge(&e, error))
		query_table(n, true);
	stats[STAT_SHOWN_AGAIN]++;

	for (i = 0; i < n->inactive.nr; i++)
		if (n->inactive.t[i].redacted)
			e.must = BIT(REDACTED);
	if (!e.must || !one_in(4))
		return;
	error = load_again(n, true);
	look();
	judge(&e, error);
}

static void count_table(const struct spec *specs, unsigned int nr,
			bool accepted)
{
	bool linear = false, ksm = false;
	enum counter at = STAT_MIXED_ACCEPTED;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		linear |= !strcmp(specs[i].type, "ksm-linear");
		ksm |= !strcmp(specs[i].type, "ksm");
	}
	if (ksm && !linear)
		at = STAT_KSM_ACCEPTED;
	else if (linear && !ksm)
		at = STAT_LINEAR_ACCEPTED;
	/* Those that are refused follow those that are accepted. */
	stats[at + !accepted]++;
}

void do_load(unsigned int self)
{
	static struct spec specs[MAX_TARGETS];
	struct name *n = &names[self];
	struct dm_ioctl *io;
	struct table table = { 0 };
	struct expect e;
	unsigned int i, nr;
	char *at;
	int error;
	bool lie;

	do {
		clear_arena();
		nr = write_table(self, specs);
	} while (!read_table(self, specs, nr, &table, &e));
	table.readonly = one_in(24);
	/* More lines than there are, or none. */
	lie = one_in(64);

	io = call_begin(n->name);
	at = buf + sizeof(*io);
	for (i = 0; i < nr; i++) {
		step("load %s%s: %ju %ju %s %s", n->name,
		     table.readonly ? " (ro)" : "", (uintmax_t)specs[i].begin,
		     (uintmax_t)specs[i].len, specs[i].type, specs[i].line);
		put_spec(&at, specs[i].begin, specs[i].len, specs[i].type,
			 specs[i].line);
	}
	if (lie) {
		e.must |= BIT(NO_SPEC);
		nr++;
	}
	error = call_load(io, at, nr, table.readonly);
	given++;
	look();
	count_table(specs, nr - lie, !error);
	if (judge(&e, error)) {
		n->inactive = table;
		n->typed = true;
		check_again(n);
	}
	check_state(n);
}
