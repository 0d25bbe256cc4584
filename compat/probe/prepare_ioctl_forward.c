// SPDX-License-Identifier: GPL-2.0-only
/* 4862c8861d90 (Linux 6.15) let targets see the ioctl in prepare_ioctl. */
#include <linux/device-mapper.h>
#include <linux/module.h>

static int prepare(struct dm_target *ti, struct block_device **bdev,
		   unsigned int cmd, unsigned long arg, bool *forward)
{
	return 0;
}

struct target_type probe = {
	.prepare_ioctl = prepare,
};

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
