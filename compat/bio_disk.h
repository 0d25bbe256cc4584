/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat_blk_alloc_disk(): a disk that takes bios, with default limits, or an
 * ERR_PTR. Since Linux 6.9 limits are an argument and errors are returned.
 */
#ifndef _KSM_COMPAT_BIO_DISK_H
#define _KSM_COMPAT_BIO_DISK_H

#include <linux/blkdev.h>
#include <linux/err.h>

static inline struct gendisk *compat_blk_alloc_disk(void)
{
#ifdef KSM_HAVE_ALLOC_DISK_LIMITS
	return blk_alloc_disk(NULL, NUMA_NO_NODE);
#else
	struct gendisk *disk = blk_alloc_disk(NUMA_NO_NODE);

	return disk ? disk : ERR_PTR(-ENOMEM);
#endif
}

#endif /* _KSM_COMPAT_BIO_DISK_H */
