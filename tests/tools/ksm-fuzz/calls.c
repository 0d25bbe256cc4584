// SPDX-License-Identifier: GPL-2.0-only
/* Calls of device mapper. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "chance.h"
#include "findings.h"

#define BUF_SIZE (256 * 1024)

static int control;
char *buf;

void open_control(void)
{
	buf = aligned_alloc(4096, BUF_SIZE);
	control = open("/dev/mapper/control", O_RDWR);
	if (!buf || control < 0)
		err(1, "/dev/mapper/control");
}

struct dm_ioctl *call_begin(const char *name)
{
	struct dm_ioctl *io = (void *)buf;

	memset(io, 0, sizeof(*io));
	io->version[0] = DM_VERSION_MAJOR;
	io->version[1] = DM_VERSION_MINOR;
	io->version[2] = DM_VERSION_PATCHLEVEL;
	io->data_start = sizeof(*io);
	io->data_size = sizeof(*io) + 1024;
	snprintf(io->name, sizeof(io->name), "%s", name);
	return io;
}

/* Returns an errno or 0. */
int call(unsigned long command, struct dm_ioctl *io)
{
	/* Have the kernel overwrite its copy: the way of cryptsetup. */
	if (one_in(2))
		io->flags |= DM_SECURE_DATA_FLAG;
	return ioctl(control, command, io) < 0 ? errno : 0;
}

void put_spec(char **at, uint64_t begin, uint64_t len, const char *type,
	      const char *line)
{
	struct dm_target_spec *spec = (void *)*at;
	size_t size = sizeof(*spec) + strlen(line) + 1;

	size = (size + 7) / 8 * 8;
	if (*at + size > buf + BUF_SIZE)
		errx(1, "table too large");
	memset(spec, 0, sizeof(*spec));
	spec->sector_start = begin;
	spec->length = len;
	spec->next = size;
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", type);
	strcpy((char *)(spec + 1), line);
	*at += size;
}

int call_load(struct dm_ioctl *io, const char *end, unsigned int nr,
	      bool readonly)
{
	io->data_size = end - buf;
	io->target_count = nr;
	if (readonly)
		io->flags |= DM_READONLY_FLAG;
	return call(DM_TABLE_LOAD, io);
}

/* Does the kernel agree with us about what there is? */
void check_state(struct name *n)
{
	struct dm_ioctl *io = call_begin(n->name);
	int error = call(DM_DEV_STATUS, io);
	bool active, inactive;

	look();
	if (!n->exists || error) {
		if (n->exists || error != ENXIO)
			flawed(FLAW_STATE, "%s %s: %s", n->name,
			       n->exists ? "is there" : "is not there",
			       strerror(error));
		return;
	}
	active = io->flags & DM_ACTIVE_PRESENT_FLAG;
	inactive = io->flags & DM_INACTIVE_PRESENT_FLAG;
	n->suspended = io->flags & DM_SUSPEND_FLAG;
	if (active != !!n->active.nr || inactive != !!n->inactive.nr)
		flawed(FLAW_STATE, "%s: tables %d %d, not %u %u", n->name,
		       active, inactive, n->active.nr, n->inactive.nr);
}
