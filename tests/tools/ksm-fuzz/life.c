// SPDX-License-Identifier: GPL-2.0-only
/* What a mapping goes through. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "calls.h"
#include "causes.h"
#include "chance.h"
#include "engines.h"
#include "findings.h"
#include "klog.h"
#include "life.h"
#include "mappings.h"
#include "oracle_devices.h"

void do_create(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	step("create %s", n->name);
	error = call(DM_DEV_CREATE, io);
	look();
	if (error) {
		if (!n->exists || error != EBUSY)
			flawed(FLAW_STATE, "create: %s", strerror(error));
		return;
	}
	if (n->exists)
		flawed(FLAW_STATE, "%s was created twice", n->name);
	memset(&n->active, 0, sizeof(n->active));
	memset(&n->inactive, 0, sizeof(n->inactive));
	n->exists = true;
	n->typed = false;
	n->suspended = false;
	n->dev = io->dev;
}

void do_suspend(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	io->flags |= DM_SUSPEND_FLAG;
	if (one_in(4))
		io->flags |= DM_NOFLUSH_FLAG;
	if (one_in(2))
		io->flags |= DM_SKIP_LOCKFS_FLAG;
	step("suspend %s, flags %#x", n->name, io->flags);
	error = call(DM_DEV_SUSPEND, io);
	look();
	stats[STAT_SUSPEND]++;
	if (error)
		flawed(FLAW_REFUSED, "suspend: %s", strerror(error));
	check_state(n);
	if (!error && !n->suspended)
		flawed(FLAW_STATE, "%s is not suspended", n->name);
}

/* Why a table cannot begin to work. */
static void read_resume(const struct table *table, struct expect *e)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		const struct target *t = &table->t[i];

		if (t->linear)
			e->may |= BIT(LINEAR_LACKS_NOW);
		else if (!t->other && !t->has_key)
			e->must |= BIT(NO_KEY_SET);
		if (t->require)
			e->may |= BIT(ENGINE_FAILS);
	}
}

void do_resume(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io;
	struct table *table = n->inactive.nr ? &n->inactive : &n->active;
	struct expect swap = { 0 }, e = { 0 };
	bool swaps = n->inactive.nr;
	int error;

	if (waits_below(table) || waits_below(&n->active))
		return;
	step("resume %s", n->name);
	/* The devices may be others by now, as may be what they can do. */
	if (swaps)
		areas_wrong(table, &swap);
	read_resume(table, &e);
	if (!table->nr && n->suspended)
		e.must |= BIT(NO_TABLE);
	if (!swaps && !n->suspended)
		e.must = 0;
	e.must |= swap.must;
	e.may |= swap.may;
	/* Blocks of what lies below are not known here. */
	if (swaps && table->nr > 1)
		e.may |= BIT(LINE_ALIGNED) | BIT(LAST_ALIGNED);

	io = call_begin(n->name);
	error = call(DM_DEV_SUSPEND, io);
	look();
	stats[error ? STAT_RESUME_REFUSED : STAT_RESUME_ACCEPTED]++;
	judge(&e, error);
	if (swaps) {
		/* A table that does not fit is gone, one without a key is not. */
		if (!error || strstr(klog, "preresume failed"))
			n->active = *table;
		memset(&n->inactive, 0, sizeof(n->inactive));
	}
	if (!error)
		doubt(&n->active);
	check_state(n);
	if (!error && n->active.nr && n->suspended)
		flawed(FLAW_STATE, "%s is still suspended", n->name);
}

void do_clear(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	step("clear %s", n->name);
	error = call(DM_TABLE_CLEAR, io);
	if (error)
		flawed(FLAW_REFUSED, "clear: %s", strerror(error));
	look();
	memset(&n->inactive, 0, sizeof(n->inactive));
	check_state(n);
}

void do_remove(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	bool used = in_use(self);
	int error;

	step("remove %s", n->name);
	error = call(DM_DEV_REMOVE, io);
	look();
	stats[error ? STAT_REMOVE_REFUSED : STAT_REMOVE_ACCEPTED]++;
	if (error != (used ? EBUSY : 0))
		flawed(FLAW_STATE, "remove of %s, which is%s in use: %s",
		       n->name, used ? "" : " not", strerror(error));
	if (error)
		return;
	n->exists = false;
	memset(&n->active, 0, sizeof(n->active));
	memset(&n->inactive, 0, sizeof(n->inactive));
	check_state(n);
}
