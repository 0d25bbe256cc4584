/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One shrinker per module. Since Linux 6.7 shrinkers are allocated.
 */
#ifndef _KSM_COMPAT_SHRINKER_H
#define _KSM_COMPAT_SHRINKER_H

#include <linux/shrinker.h>

#ifdef KSM_HAVE_SHRINKER_ALLOC
static struct shrinker *compat_shrinker;

#define compat_shrinker_register(name, count, scan)               \
	({                                                        \
		compat_shrinker = shrinker_alloc(0, name);        \
		if (compat_shrinker) {                            \
			compat_shrinker->count_objects = (count); \
			compat_shrinker->scan_objects = (scan);   \
			shrinker_register(compat_shrinker);       \
		}                                                 \
		compat_shrinker ? 0 : -ENOMEM;                    \
	})

static void compat_shrinker_unregister(void)
{
	shrinker_free(compat_shrinker);
}
#else
static struct shrinker compat_shrinker = {
	.seeks = DEFAULT_SEEKS,
};

#define compat_shrinker_register(name, count, scan)        \
	({                                                 \
		compat_shrinker.count_objects = (count);   \
		compat_shrinker.scan_objects = (scan);     \
		register_shrinker(&compat_shrinker, name); \
	})

static void compat_shrinker_unregister(void)
{
	unregister_shrinker(&compat_shrinker);
}
#endif

#endif /* _KSM_COMPAT_SHRINKER_H */
