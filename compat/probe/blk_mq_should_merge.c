// SPDX-License-Identifier: GPL-2.0-only
/* Before 9377b95cda73 (Linux 6.14) merging was a flag of the tag set. */
#include <linux/blk-mq.h>
#include <linux/module.h>

unsigned int probe = BLK_MQ_F_SHOULD_MERGE;

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
