// SPDX-License-Identifier: GPL-2.0-only
/* Exported since Linux 6.3. */
#include <linux/device.h>
#include <linux/module.h>

/* needs-symbol: device_is_bound */
bool probe(struct device *dev);
bool probe(struct device *dev)
{
	return device_is_bound(dev);
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
