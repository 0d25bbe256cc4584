/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_passthrough: the keyslot manager of a disk that is stacked on others. It
 * has no slots: what it can do is what all of the devices below can, and it
 * passes on that a key is evicted. Bios are passed on by the disk's driver.
 *
 * A stacked disk changes what it is made of by putting a new table in place of
 * the old one. Both have their devices below (members), and while one is put
 * in place of the other there are two sets of them.
 */
#ifndef _KSM_PASSTHROUGH_H
#define _KSM_PASSTHROUGH_H

#include <linux/types.h>

struct block_device;
struct gendisk;
struct ksm_client;
struct ksm_ctx;
struct ksm_passthrough;
struct ksm_passthrough_member;

/**
 * struct ksm_passthrough_segment - a part of a stacked disk and what it lies on
 * @set: what names the table that it belongs to, not NULL
 * @bdev: the device below, which stays open as long as the member is there
 * @disk_sector: where the segment begins on the stacked disk
 * @sector: where it begins on @bdev
 * @sectors: its length
 * @failed: as in struct ksm_client_config; the same in all of a set
 *
 * In sectors of 512 bytes.
 */
struct ksm_passthrough_segment {
	const void *set;
	struct block_device *bdev;
	sector_t disk_sector;
	sector_t sector;
	sector_t sectors;
	void (*failed)(struct ksm_ctx *ctx, int err);
};

struct ksm_passthrough *ksm_passthrough_get(struct gendisk *disk);
void ksm_passthrough_put(struct ksm_passthrough *pt);

struct ksm_passthrough_member *
ksm_passthrough_add(struct ksm_passthrough *pt,
		    const struct ksm_passthrough_segment *segment);
void ksm_passthrough_remove(struct ksm_passthrough_member *member);
struct ksm_client *
ksm_passthrough_client(const struct ksm_passthrough_member *member);

int ksm_passthrough_activate(struct ksm_passthrough *pt, const void *set);
void ksm_passthrough_freeze(struct ksm_passthrough *pt);
void ksm_passthrough_thaw(struct ksm_passthrough *pt);

#endif /* _KSM_PASSTHROUGH_H */
