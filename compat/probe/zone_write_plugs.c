// SPDX-License-Identifier: GPL-2.0-only
/* dd291d77cc90 (Linux 6.10) introduced zone write plugs. */
#include <linux/blkdev.h>
#include <linux/module.h>

unsigned long probe(struct gendisk *disk);
unsigned long probe(struct gendisk *disk)
{
	return (unsigned long)&disk->zone_wplugs_hash;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
