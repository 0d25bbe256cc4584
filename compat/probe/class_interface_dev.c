// SPDX-License-Identifier: GPL-2.0-only
/* Since 6.4 a class interface's functions are not told the interface. */
#include <linux/device.h>
#include <linux/module.h>

int add(struct device *dev);
int probe(struct class_interface *intf);

int add(struct device *dev)
{
	return dev ? 0 : -1;
}

int probe(struct class_interface *intf)
{
	intf->add_dev = add;
	return 0;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
