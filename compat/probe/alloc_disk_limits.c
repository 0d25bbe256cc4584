// SPDX-License-Identifier: GPL-2.0-only
/* 74fa8f9c553f (Linux 6.9) gave blk_alloc_disk() limits, and errors to return. */
#include <linux/blkdev.h>
#include <linux/module.h>

struct gendisk *probe(void);
struct gendisk *probe(void)
{
	struct queue_limits lim = {};

	return blk_alloc_disk(&lim, NUMA_NO_NODE);
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
