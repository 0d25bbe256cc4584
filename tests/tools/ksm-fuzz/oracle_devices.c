// SPDX-License-Identifier: GPL-2.0-only
/* A second reading of docs/table.md: devices, and the areas of them. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "disks.h"
#include "oracle_devices.h"

enum found {
	FOUND,
	NOT_FOUND,
	NOBODY_KNOWS,
	FORBIDDEN,
};

/* A table of mapped device @self must not use what might lead to itself. */
static enum found find_number(struct target *t, unsigned int self, dev_t dev)
{
	unsigned int i;

	for (i = 0; i < nr_disks; i++) {
		if (disks[i].dev != dev)
			continue;
		t->place = ON_DISK;
		t->index = i;
		return FOUND;
	}
	for (i = 0; i < NAMES; i++) {
		if (!names[i].exists || names[i].dev != dev)
			continue;
		if (self < LOWER_NAMES || i >= LOWER_NAMES)
			return FORBIDDEN;
		t->place = ON_NAME;
		t->index = i;
		return FOUND;
	}
	return NOBODY_KNOWS;
}

static enum found find_device(struct target *t, unsigned int self,
			      const char *word)
{
	uint64_t major, minor;
	struct stat st;
	char *colon;

	t->place = ON_UNKNOWN;
	if (isdigit(*word) && strtoull(word, &colon, 10) <= UINT32_MAX &&
	    *colon == ':' && isdigit(colon[1])) {
		major = strtoull(word, NULL, 10);
		minor = strtoull(colon + 1, &colon, 10);
		if (!*colon && major < 4096 && minor < (1 << 20))
			return find_number(t, self, makedev(major, minor));
		return NOBODY_KNOWS;
	}
	if (!stat(word, &st))
		return S_ISBLK(st.st_mode) ? find_number(t, self, st.st_rdev) :
					     NOT_FOUND;
	/* Old kernels take hex digits for a device's number. */
	if (strspn(word, "0123456789abcdefABCDEF") == strlen(word))
		return NOBODY_KNOWS;
	return NOT_FOUND;
}

/* Returns false if the table is not to be tried. */
bool device_wrong(struct target *t, unsigned int self, const char *word,
		  struct expect *e)
{
	switch (find_device(t, self, word)) {
	case FOUND:
		/* A mapping is no device before it has had a table. */
		if (t->place == ON_NAME && !names[t->index].typed)
			e->must |= BIT(DEVICE);
		/* A read-only one may not be opened for writing. */
		if (t->place == ON_NAME && names[t->index].active.readonly)
			e->may |= BIT(DEVICE);
		return true;
	case NOT_FOUND:
		e->must |= BIT(DEVICE);
		return true;
	case NOBODY_KNOWS:
		e->may |= BIT(DEVICE);
		return true;
	default:
		return false;
	}
}

/* The device and the two alignments that device mapper looks at. */
static void area_wrong(const struct target *t, struct expect *e)
{
	/* Neither its size nor its blocks are known for certain. */
	const uint64_t all = BIT(TOO_SMALL) | BIT(START_ALIGNED) |
			     BIT(LEN_ALIGNED) | BIT(LINE_ALIGNED) |
			     BIT(LAST_ALIGNED);
	const struct disk *disk = &disks[t->index];
	unsigned int block = t->unit;

	if (t->place != ON_DISK) {
		e->may |= all;
		return;
	}
	if (block < disk->block)
		block = disk->block;
	if (t->start >= disk->sectors || t->len > disk->sectors - t->start)
		e->must |= BIT(TOO_SMALL);
	if (t->start & (block / 512 - 1))
		e->must |= BIT(START_ALIGNED);
	if (t->len & (block / 512 - 1))
		e->must |= BIT(LEN_ALIGNED);
}

void areas_wrong(const struct table *table, struct expect *e)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (!table->t[i].other)
			area_wrong(&table->t[i], e);
}
