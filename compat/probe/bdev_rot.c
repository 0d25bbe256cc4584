// SPDX-License-Identifier: GPL-2.0-only
/* Linux 7 has bdev_rot() in place of bdev_nonrot(). */
#include <linux/blkdev.h>
#include <linux/module.h>

bool probe(struct block_device *bdev);
bool probe(struct block_device *bdev)
{
	return bdev_rot(bdev);
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
