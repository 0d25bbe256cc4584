// SPDX-License-Identifier: GPL-2.0-only
/* Calls with which there is something wrong besides the line. */
#include <errno.h>
#include <string.h>

#include "calls.h"
#include "chance.h"
#include "findings.h"
#include "mappings.h"
#include "strange.h"

/* Calls with which there is something wrong besides the line. */
void do_strange(unsigned int self)
{
	static const unsigned long commands[] = {
		DM_DEV_STATUS,	 DM_TABLE_LOAD, DM_TABLE_CLEAR, DM_TABLE_DEPS,
		DM_TABLE_STATUS, DM_TARGET_MSG, DM_DEV_SUSPEND, DM_DEV_REMOVE
	};
	struct dm_ioctl *io;

	step("strange calls");
	stats[STAT_STRANGE_CALLS]++;
	io = call_begin("fuzz-none");
	put_spec(&(char *){ buf + sizeof(*io) }, 0, 8, "ksm", "");
	if (call(PICK(commands), io) != ENXIO)
		flawed(FLAW_STATE, "there is a device of no name");
	look();
	if (!names[self].exists)
		return;

	/* No lines at all. */
	io = call_begin(names[self].name);
	if (!call_load(io, buf + sizeof(*io), 0, false))
		flawed(FLAW_ACCEPTED, "a table without lines");
	look();
	/* A message that does not end. */
	io = call_begin(names[self].name);
	memset(buf + sizeof(*io), 'k', 64);
	memset(buf + sizeof(*io), 0, sizeof(struct dm_target_msg));
	io->data_size = sizeof(*io) + 64;
	if (!call(DM_TARGET_MSG, io))
		flawed(FLAW_ACCEPTED, "a message without an end");
	look();
	io = call_begin(names[self].name);
	call(DM_TABLE_DEPS, io);
	check_state(&names[self]);
}
