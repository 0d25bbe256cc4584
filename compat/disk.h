/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For drivers of blk-mq disks: allocating a disk whose limits are known, which
 * are an argument since Linux 6.9, with the write cache among them since 6.11.
 */
#ifndef _KSM_COMPAT_DISK_H
#define _KSM_COMPAT_DISK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>

#ifdef KSM_HAVE_BLK_MQ_SHOULD_MERGE
#define COMPAT_BLK_MQ_F_SHOULD_MERGE BLK_MQ_F_SHOULD_MERGE
#else
#define COMPAT_BLK_MQ_F_SHOULD_MERGE 0
#endif

/* The memory node that init_request is told. */
#ifdef KSM_HAVE_BLK_INIT_REQUEST_INT
#define COMPAT_NODE int
#else
#define COMPAT_NODE unsigned int
#endif

#ifndef KSM_HAVE_BLK_ALLOC_LIMITS
/* Limits that are 0 in @lim stay as they are by default. */
static inline void compat_set_limits(struct request_queue *q,
				     const struct queue_limits *lim)
{
	unsigned int zeroes = lim->max_write_zeroes_sectors;

	blk_queue_logical_block_size(q, lim->logical_block_size);
	blk_queue_physical_block_size(q, lim->physical_block_size);
	if (lim->max_hw_sectors)
		blk_queue_max_hw_sectors(q, lim->max_hw_sectors);
	if (lim->max_segments)
		blk_queue_max_segments(q, lim->max_segments);
	if (lim->dma_alignment)
		blk_queue_dma_alignment(q, lim->dma_alignment);
	if (lim->max_hw_discard_sectors)
		blk_queue_max_discard_sectors(q, lim->max_hw_discard_sectors);
	if (zeroes)
		blk_queue_max_write_zeroes_sectors(q, zeroes);
	q->limits.discard_granularity = lim->discard_granularity;
}
#endif

/* A disk with @lim and a write cache that knows FUA; or an ERR_PTR(). */
static inline struct gendisk *compat_alloc_disk(struct blk_mq_tag_set *set,
						struct queue_limits *lim,
						void *queuedata)
{
	struct gendisk *disk;

#ifdef KSM_HAVE_BLK_FEATURES
	lim->features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
#endif
#ifdef KSM_HAVE_BLK_ALLOC_LIMITS
	disk = blk_mq_alloc_disk(set, lim, queuedata);
#else
	disk = blk_mq_alloc_disk(set, queuedata);
	if (!IS_ERR(disk))
		compat_set_limits(disk->queue, lim);
#endif
#ifndef KSM_HAVE_BLK_FEATURES
	if (!IS_ERR(disk)) {
		blk_queue_write_cache(disk->queue, true, true);
		blk_queue_flag_set(QUEUE_FLAG_NONROT, disk->queue);
	}
#endif
	return disk;
}

#endif /* _KSM_COMPAT_DISK_H */
