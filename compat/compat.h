/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place that knows how kernels differ. Included before everything
 * else in every file of the suite (Kbuild). KSM_HAVE_* come from compat/probe,
 * one small program each that does or does not compile for the kernel.
 */
#ifndef _KSM_COMPAT_H
#define _KSM_COMPAT_H

#include "generated.h"

/* hex2bin() has moved out of linux/kernel.h. */
#ifdef KSM_HAVE_HEX_H
#include <linux/hex.h>
#endif

/*
 * All symbols of the suite are in the namespace KSM. Linux 6.13 made namespaces
 * strings, which the older macros take without a complaint and get wrong.
 */
#ifdef KSM_HAVE_SYMBOL_NS_TOKEN
#define EXPORT_SYMBOL_KSM(sym) EXPORT_SYMBOL_NS_GPL(sym, KSM)
#define MODULE_IMPORT_NS_KSM   MODULE_IMPORT_NS(KSM)
#else
#define EXPORT_SYMBOL_KSM(sym) EXPORT_SYMBOL_NS_GPL(sym, "KSM")
#define MODULE_IMPORT_NS_KSM   MODULE_IMPORT_NS("KSM")
#endif

/*
 * The head of a prepare_ioctl function with parameters ti and bdev. Targets may
 * decide per ioctl since Linux 6.15.
 */
#ifdef KSM_HAVE_PREPARE_IOCTL_FORWARD
#define COMPAT_DM_PREPARE_IOCTL(name)                              \
	int name(struct dm_target *ti, struct block_device **bdev, \
		 unsigned int cmd, unsigned long arg, bool *forward)
#else
#define COMPAT_DM_PREPARE_IOCTL(name) \
	int name(struct dm_target *ti, struct block_device **bdev)
#endif

/*
 * Since zone write plugs (Linux 6.10) the block layer splits writes to zoned
 * mapped devices by their limits, and dm_accept_partial_bio() on one is a BUG.
 * Before, only the target can split them.
 */
#ifdef KSM_HAVE_ZONE_WRITE_PLUGS
#define COMPAT_DM_NO_ZONED_PARTIAL true
#else
#define COMPAT_DM_NO_ZONED_PARTIAL false
#endif

/* The member of struct bvec_iter: bytes of the current vector that are done. */
#ifdef KSM_HAVE_BVEC_ITER_BI_OFFSET
#define COMPAT_BVEC_DONE bi_offset
#else
#define COMPAT_BVEC_DONE bi_bvec_done
#endif

#endif /* _KSM_COMPAT_H */
