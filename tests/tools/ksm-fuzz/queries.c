// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel shows of tables: TABLE and INFO. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "chance.h"
#include "findings.h"
#include "keys.h"
#include "queries.h"

/* As the kernel shows it. */
void shown_line(const struct target *t, char *to, size_t size)
{
	if (t->other)
		*to = '\0';
	else if (t->linear)
		snprintf(to, size, "%s", t->rest);
	else
		snprintf(to, size, "%s %s%s", t->cipher,
			 t->redacted ? ":redacted:" : t->key, t->rest);
}

const char *type_of(const struct target *t)
{
	return t->other ? "error" : t->linear ? "ksm-linear" : "ksm";
}

bool places_known(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_UNKNOWN && !table->t[i].other)
			return false;
	return true;
}

static void check_shown(const struct name *n, const struct table *table,
			const struct dm_ioctl *io)
{
	const char *at = buf + io->data_start;
	char wanted[1024];
	unsigned int i;

	if (io->target_count != table->nr) {
		flawed(FLAW_TABLE, "%s: %u lines, not %u", n->name,
		       io->target_count, table->nr);
		return;
	}
	for (i = 0; i < table->nr; i++) {
		const struct target *t = &table->t[i];
		const struct dm_target_spec *spec = (void *)at;
		const char *line = (void *)(spec + 1);

		shown_line(t, wanted, sizeof(wanted));
		if (leaks(line))
			flawed(FLAW_KEY_SHOWN, "%s: %s", n->name, line);
		if (spec->sector_start != t->begin || spec->length != t->len ||
		    strcmp(spec->target_type, type_of(t)) ||
		    (!t->other && strcmp(line, wanted)))
			flawed(FLAW_TABLE, "%s: %ju %ju %s %s, not %ju %ju %s",
			       n->name, (uintmax_t)spec->sector_start,
			       (uintmax_t)spec->length, spec->target_type, line,
			       (uintmax_t)t->begin, (uintmax_t)t->len, wanted);
		/* Counted from the first one. */
		at = buf + io->data_start + spec->next;
	}
}

/* Does TABLE show what was accepted? */
void query_table(struct name *n, bool inactive)
{
	const struct table *table = inactive ? &n->inactive : &n->active;
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	stats[STAT_QUERIES]++;
	io->data_size = 16384;
	io->flags |= DM_STATUS_TABLE_FLAG;
	if (inactive)
		io->flags |= DM_QUERY_INACTIVE_TABLE_FLAG;
	error = call(DM_TABLE_STATUS, io);
	look();
	if (error || io->flags & DM_BUFFER_FULL_FLAG)
		flawed(FLAW_TABLE, "%s: no TABLE: %s", n->name,
		       strerror(error));
	else if (places_known(table))
		check_shown(n, table, io);
}

static void check_info(const struct name *n, const struct dm_ioctl *io)
{
	const char *at = buf + io->data_start;
	unsigned int i;

	for (i = 0; i < io->target_count && i < n->active.nr; i++) {
		const struct target *t = &n->active.t[i];
		const struct dm_target_spec *spec = (void *)at;
		const char *line = (void *)(spec + 1);

		if (leaks(line))
			flawed(FLAW_KEY_SHOWN, "%s: %s", n->name, line);
		if (!t->linear && !t->other &&
		    (!strstr(line, t->has_key ? " key:set" : " key:none") ||
		     (strncmp(line, "software ", 9) &&
		      strncmp(line, "hardware ", 9)) ||
		     !strstr(line, " errors:0 ")))
			flawed(FLAW_INFO, "%s, which has %s: %s", n->name,
			       t->has_key ? "a key" : "no key", line);
		if (t->linear && *line)
			flawed(FLAW_INFO, "%s: %s", n->name, line);
		at = buf + io->data_start + spec->next;
	}
}

void do_query(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io;
	int error;

	step("query %s", n->name);
	query_table(n, false);
	if (n->inactive.nr)
		query_table(n, true);
	io = call_begin(n->name);
	io->data_size = 16384;
#ifdef DM_IMA_MEASUREMENT_FLAG
	if (one_in(8))
		io->flags |= DM_IMA_MEASUREMENT_FLAG;
#endif
	/* Device mapper resumes nothing for this, but may flush. */
	if (one_in(2))
		io->flags |= DM_NOFLUSH_FLAG;
	error = call(DM_TABLE_STATUS, io);
	look();
	stats[STAT_QUERIES]++;
	if (error)
		flawed(FLAW_INFO, "%s: %s", n->name, strerror(error));
#ifdef DM_IMA_MEASUREMENT_FLAG
	else if (io->flags & DM_IMA_MEASUREMENT_FLAG)
		return;
#endif
	else
		check_info(n, io);
}
