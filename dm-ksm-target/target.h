/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device-mapper target "ksm".
 */
#ifndef _DM_KSM_TARGET_H
#define _DM_KSM_TARGET_H

#include <linux/bio.h>
#include <linux/device-mapper.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <ksm/fallback.h>

#include "hardware.h"
#include "keyref.h"
#include "table.h"

/**
 * struct ksm_target - one target of a table
 * @node: in the list of all targets
 * @table: the table
 * @line: what the table line says
 * @dev: the device below
 * @len: length of the target, in sectors
 * @key: where the key came from; what TABLE shows
 * @fb: the software path
 * @hw: the hardware path
 * @unit_mask: sectors per data unit, less one
 * @max_write: size limit of an encrypted write, in sectors
 * @zoned: @dev is zoned
 * @in_order: no write may be overtaken, since the device needs that or is much
 *	faster so
 * @lock: serializes what sets or needs the key as a whole: messages and
 *	resuming. Device mapper does not do that for us.
 * @key_valid: @fb has a key; under @lock
 * @suspended: I/O is stopped and will stay so. Cleared only under @lock, so that
 *	who has seen it there may go on with the key. Device mapper suspends and
 *	resumes a mapping by one task at a time.
 */
struct ksm_target {
	struct list_head node;
	struct dm_table *table;
	struct ksm_line line;
	struct dm_dev *dev;
	sector_t len;
	struct ksm_keyref key;
	struct ksm_fallback *fb;
	struct ksm_hw hw;
	unsigned int unit_mask;
	unsigned int max_write;
	bool zoned;
	bool in_order;
	struct mutex lock; /* see above */
	bool key_valid;
	bool suspended;
};

/**
 * ksm_hw_dun() - the data unit number of a sector
 * @kt: the target
 * @sector: counted from the start of the mapping
 *
 * Return: the number, for a target whose IVs go up by one per data unit.
 */
static inline u64 ksm_hw_dun(const struct ksm_target *kt, sector_t sector)
{
	return (kt->line.iv_offset + sector) >>
	       (kt->line.sector_shift - SECTOR_SHIFT);
}

/**
 * ksm_hw_small_blocks() - whether the device's blocks are smaller than data units
 * @kt: the target
 *
 * They may become so: a device below may get another table.
 *
 * Context: any context.
 */
static inline bool ksm_hw_small_blocks(const struct ksm_target *kt)
{
	return bdev_logical_block_size(kt->dev->bdev) < kt->line.sector_size;
}

/**
 * ksm_hw_max_sectors() - how much of a bio the engine can be trusted with
 * @kt: the target
 * @bio: the bio, whole data units
 *
 * See ksm_hw_limit(). A bio may also be split between two segments, or between
 * two blocks of a segment that lies askew in memory.
 *
 * Context: any context.
 * Return: number of sectors from the start of the bio, whole data units; 0 if
 *	it is one for the software path.
 */
static inline unsigned int ksm_hw_max_sectors(const struct ksm_target *kt,
					      struct bio *bio)
{
	const unsigned int size = kt->line.sector_size;
	struct bio_vec bv;

	if (!ksm_hw_small_blocks(kt))
		return UINT_MAX;
	/*
	 * One data unit, not askew: no queue is limited to less than a page,
	 * so nobody splits it.
	 */
	bv = mp_bvec_iter_bvec(bio->bi_io_vec, bio->bi_iter);
	if (likely(bio->bi_iter.bi_size == size && bv.bv_len == size &&
		   !(bv.bv_offset & (size - 1))))
		return UINT_MAX;
	return ksm_hw_max_split_sectors(kt, bio);
}

extern struct target_type ksm_target_type;

#endif /* _DM_KSM_TARGET_H */
