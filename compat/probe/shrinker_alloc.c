// SPDX-License-Identifier: GPL-2.0-only
/* c42d50aefd17 (Linux 6.7) introduced shrinkers that are allocated. */
#include <linux/module.h>
#include <linux/shrinker.h>

struct shrinker *probe(void);
struct shrinker *probe(void)
{
	return shrinker_alloc(0, "probe");
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
