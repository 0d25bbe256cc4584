// SPDX-License-Identifier: GPL-2.0-only
/* Since 6.4 a class interface's functions are not told the interface. */
#include <linux/device.h>
#include <linux/module.h>

static int add(struct device *dev)
{
	return 0;
}

struct class_interface probe = {
	.add_dev = add,
};

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
