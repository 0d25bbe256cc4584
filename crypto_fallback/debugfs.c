// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/crypto_fallback/{engines,cached_pages,bounce_pages}
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "bounce.h"
#include "debugfs.h"
#include "engine.h"

static struct dentry *root;

static int engines_show(struct seq_file *m, void *v)
{
	ksm_engines_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(engines);

static int cached_pages_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%lu\n", ksm_bounce_cached());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cached_pages);

static int bounce_pages_show(struct seq_file *m, void *v)
{
	unsigned long limit, nr = ksm_bounce_count(&limit);

	seq_printf(m, "%lu limit:%lu\n", nr, limit);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bounce_pages);

/**
 * ksm_fallback_debugfs_init() - when the module is loaded
 *
 * Errors do not matter, as always with debugfs.
 */
void ksm_fallback_debugfs_init(void)
{
	root = debugfs_create_dir("crypto_fallback", NULL);
	debugfs_create_file("engines", 0400, root, NULL, &engines_fops);
	debugfs_create_file("cached_pages", 0400, root, NULL,
			    &cached_pages_fops);
	debugfs_create_file("bounce_pages", 0400, root, NULL,
			    &bounce_pages_fops);
}

/**
 * ksm_fallback_debugfs_exit() - when the module is unloaded
 */
void ksm_fallback_debugfs_exit(void)
{
	debugfs_remove(root);
}
