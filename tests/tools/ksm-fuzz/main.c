// SPDX-License-Identifier: GPL-2.0-only
// LDLIBS: -lkeyutils
/*
 * ksm-fuzz - random tables and messages for the targets "ksm" and "ksm-linear"
 *
 *	ksm-fuzz SEED COUNT DISK...
 *		until COUNT tables and messages were given to the kernel. The
 *		disks' contents are lost. The same arguments do the same again.
 *
 * Lines come from a grammar and are then damaged (grammar.c). A second reading of
 * docs/table.md (oracle.c) says of each of them whether it is right, and if not,
 * which texts name what is wrong with it (causes.c). What the kernel says is
 * compared with that, and so are the TABLE lines that it shows.
 *
 * By ioctls of device mapper and not by dmsetup, since starting a program takes
 * longer than all the rest on an emulated processor; and not by libdevmapper,
 * since it corrects or refuses by itself much of what is to be tried here.
 *
 * Prints "flaw NAME N" for each kind of what may not be, "stat NAME N" for what
 * was done, "text N TEXT" for each error text that was seen, and "! ..." for the
 * first few flaws what led to them.
 *
 * Exit status: 0, whatever was found; 1 if something went wrong here; 2 for wrong
 * use.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"
#include "chance.h"
#include "data.h"
#include "disks.h"
#include "engines.h"
#include "findings.h"
#include "keys.h"
#include "klog.h"
#include "life.h"
#include "load.h"
#include "mappings.h"
#include "messages.h"
#include "queries.h"
#include "strange.h"

static bool remove_all(void)
{
	unsigned int i;

	/* Those above come after those below. */
	for (i = NAMES; i-- > 0;) {
		if (names[i].exists)
			do_remove(i);
		if (names[i].exists)
			return false;
	}
	return true;
}

static bool has_ksm(const struct table *table)
{
	return table->nr && !table->t[0].linear && !table->t[0].other;
}

/* Most messages and I/O to who makes something of them. */
static unsigned int prefer_ksm(unsigned int self)
{
	unsigned int i;

	for (i = 0; i < 8 && !has_ksm(&names[self].active); i++)
		self = below(NAMES);
	return self;
}

static void do_messages(unsigned int self)
{
	unsigned int n = 1 + below(4);

	self = prefer_ksm(self);
	if (!names[self].exists)
		return;
	if (!names[self].suspended && !one_in(4))
		do_suspend(self);
	while (n--)
		do_message(self);
	if (!one_in(4))
		do_resume(self);
}

static void one_step(void)
{
	unsigned int self = below(NAMES);
	const struct name *n = &names[self];
	unsigned int what = below(100);

	if (one_in(200)) {
		do_strange(self);
		return;
	}
	if (one_in(60)) {
		do_fault();
		return;
	}
	if (!n->exists || one_in(200)) {
		do_create(self);
		return;
	}
	/* One that waits is resumed before long; what is live is left so a while. */
	if (n->inactive.nr && one_in(3))
		do_resume(self);
	else if (what < 50)
		do_load(self);
	else if (what < 66)
		do_messages(self);
	else if (what < 70)
		do_suspend(self);
	else if (what < 78)
		do_resume(self);
	else if (what < 90)
		do_io(prefer_ksm(self));
	else if (what < 94)
		do_query(self);
	else if (what < 98)
		do_remove(self);
	else
		do_clear(self);
}

int main(int argc, char **argv)
{
	unsigned long count, marked = 0;
	int i;

	if (argc < 4 || argc > 3 + MAX_DISKS)
		errx(2, "usage: ksm-fuzz SEED COUNT DISK...");
	seed_chance(strtoull(argv[1], NULL, 0));
	count = strtoul(argv[2], NULL, 0);
	open_control();
	for (i = 3; i < argc; i++)
		open_disk(argv[i]);
	for (i = 0; i < NAMES; i++)
		snprintf(names[i].name, sizeof(names[i].name), "fuzz%d", i);
	open_log();
	make_keys();
	for (i = 0; i < (int)nr_disks; i++)
		prove_scan(&disks[i]);

	while (given < count) {
		one_step();
		if (steps >= marked + 500) {
			mark_log(steps, given);
			marked = steps;
		}
	}
	set_engines(false);
	if (!remove_all())
		flawed(FLAW_LEFT, "not all could be removed");
	for (i = 0; i < (int)nr_disks; i++)
		scan_disk(&disks[i], false);
	report_findings();
	report_texts();
	return 0;
}
