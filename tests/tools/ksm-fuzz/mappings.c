// SPDX-License-Identifier: GPL-2.0-only
/* What is known of the mapped devices and their tables. */
#include "mappings.h"

struct name names[NAMES];

static bool table_uses(const struct table *table, unsigned int name)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_NAME && table->t[i].index == name)
			return true;
	return false;
}

bool in_use(unsigned int name)
{
	unsigned int i;

	for (i = 0; i < NAMES; i++)
		if (table_uses(&names[i].active, name) ||
		    table_uses(&names[i].inactive, name))
			return true;
	return false;
}

uint64_t name_size(const struct name *n)
{
	const struct target *last;

	if (!n->active.nr)
		return 0;
	last = &n->active.t[n->active.nr - 1];
	return last->begin + last->len;
}

/* I/O to it, or to what is below it, would wait for somebody to resume it. */
bool waits_below(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_NAME &&
		    names[table->t[i].index].suspended)
			return true;
	return false;
}
