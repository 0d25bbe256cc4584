/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_selftest: a disk without a medium that looks at the bios it gets.
 */
#ifndef _KSM_SELFTEST_DISK_H
#define _KSM_SELFTEST_DISK_H

#include <linux/types.h>

#include <ksm/context.h>

struct block_device;
struct gendisk;

/* The disk has one partition. */
#define ST_DISK_SECTORS 65536
#define ST_PART_START	2048
#define ST_PART_SECTORS 32768

/* Most bios that a disk remembers. */
#define ST_SEEN 16

/**
 * struct st_seen - a bio with a context that has reached a disk
 * @err: what ksm_bio_crypt() returned
 * @crypt: what it found
 * @sector: the bio's first sector
 * @bytes: its size
 */
struct st_seen {
	int err;
	struct ksm_crypt crypt;
	sector_t sector;
	unsigned int bytes;
};

struct gendisk *st_disk_new(void);
void st_disk_free(struct gendisk *disk);
struct block_device *st_disk_bdev(struct gendisk *disk);
struct block_device *st_disk_part(struct gendisk *disk);
unsigned int st_disk_seen(struct gendisk *disk, struct st_seen *seen);
void st_disk_lose(struct gendisk *disk, unsigned int bytes);
void st_disk_hold(struct gendisk *disk, bool hold);
bool st_disk_holds(struct gendisk *disk);

#endif /* _KSM_SELFTEST_DISK_H */
