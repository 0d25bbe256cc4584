/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat_bdev_rot(): whether a block device says that it rotates. Linux 7 has
 * the opposite of what there was before.
 */
#ifndef _KSM_COMPAT_ROTATIONAL_H
#define _KSM_COMPAT_ROTATIONAL_H

#include <linux/blkdev.h>

static inline bool compat_bdev_rot(struct block_device *bdev)
{
#ifdef KSM_HAVE_BDEV_ROT
	return bdev_rot(bdev);
#else
	return !bdev_nonrot(bdev);
#endif
}

#endif /* _KSM_COMPAT_ROTATIONAL_H */
