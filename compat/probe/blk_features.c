// SPDX-License-Identifier: GPL-2.0-only
/* 1122c0c1cc71 (Linux 6.11) made the write cache a feature in the limits. */
#include <linux/blkdev.h>
#include <linux/module.h>

struct queue_limits probe = {
	.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA,
};

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
