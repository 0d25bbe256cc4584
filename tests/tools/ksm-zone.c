// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-zone - zones of a block device (blkzone is not on every Debian)
 *
 *	ksm-zone report DEV
 *	ksm-zone reset|open|close|finish DEV SECTOR SECTORS
 *
 * Exit status: 0; 1 if it failed; 2 for wrong use.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/blkzoned.h>

#define BATCH 64

static int report(int fd)
{
	struct blk_zone_report *r;
	unsigned long long at = 0;
	unsigned int i;

	r = calloc(1, sizeof(*r) + BATCH * sizeof(r->zones[0]));
	if (!r)
		err(1, "memory");
	for (;;) {
		r->sector = at;
		r->nr_zones = BATCH;
		if (ioctl(fd, BLKREPORTZONE, r))
			err(1, "BLKREPORTZONE");
		if (!r->nr_zones)
			return 0;
		for (i = 0; i < r->nr_zones; i++) {
			struct blk_zone *z = &r->zones[i];

			/* The pointer of a zone that is full or has none means nothing. */
			printf("start %llu len %llu cap %llu wp %llu cond %u type %u\n",
			       z->start, z->len, z->capacity,
			       z->cond == BLK_ZONE_COND_FULL ||
					       z->cond == BLK_ZONE_COND_NOT_WP ?
				       0 :
				       z->wp - z->start,
			       z->cond, z->type);
			at = z->start + z->len;
		}
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned long cmd;
	} ops[] = {
		{ "reset", BLKRESETZONE },
		{ "open", BLKOPENZONE },
		{ "close", BLKCLOSEZONE },
		{ "finish", BLKFINISHZONE },
	};
	struct blk_zone_range range;
	size_t i;
	int fd;

	if (argc < 3)
		return 2;
	fd = open(argv[2], !strcmp(argv[1], "report") ? O_RDONLY : O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[2]);
	if (argc == 3 && !strcmp(argv[1], "report"))
		return report(fd);
	for (i = 0; argc == 5 && i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(argv[1], ops[i].name))
			continue;
		range.sector = strtoull(argv[3], NULL, 10);
		range.nr_sectors = strtoull(argv[4], NULL, 10);
		if (ioctl(fd, ops[i].cmd, &range))
			err(1, "%s", argv[1]);
		return 0;
	}
	return 2;
}
