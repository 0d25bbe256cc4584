// SPDX-License-Identifier: GPL-2.0-only
/* Compiles for every kernel: if it does not, no other answer is worth anything. */
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/module.h>

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
