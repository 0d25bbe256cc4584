// SPDX-License-Identifier: GPL-2.0-only
/* 27e32cd23fed (Linux 6.9) allocates disks with their limits. */
#include <linux/blk-mq.h>
#include <linux/module.h>

struct gendisk *probe(struct blk_mq_tag_set *set, struct queue_limits *lim);
struct gendisk *probe(struct blk_mq_tag_set *set, struct queue_limits *lim)
{
	return blk_mq_alloc_disk(set, lim, NULL);
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
