// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_core: the module that the others build on.
 */
#include <linux/module.h>

#include "context.h"
#include "debugfs.h"

static int __init ksm_core_init(void)
{
	ksm_ctx_table_init();
	ksm_debugfs_init();
	return 0;
}

static void __exit ksm_core_exit(void)
{
	ksm_debugfs_exit();
}

module_init(ksm_core_init);
module_exit(ksm_core_exit);

MODULE_DESCRIPTION("Inline encryption: keys, keyslots and bio contexts");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
