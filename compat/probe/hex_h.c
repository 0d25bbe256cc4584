// SPDX-License-Identifier: GPL-2.0-only
/* 24c776355f40 (Linux 6.4) made linux/hex.h. */
#include <linux/hex.h>
#include <linux/module.h>

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
