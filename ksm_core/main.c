// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_core: the module that the others build on.
 */
#include <linux/module.h>

#include "client.h"
#include "context.h"
#include "debugfs.h"

static int __init ksm_core_init(void)
{
	int err = ksm_clients_init();

	if (err)
		return err;
	ksm_ctx_table_init();
	ksm_debugfs_init();
	return 0;
}

static void __exit ksm_core_exit(void)
{
	ksm_debugfs_exit();
	ksm_clients_exit();
}

module_init(ksm_core_init);
module_exit(ksm_core_exit);

MODULE_DESCRIPTION("Inline encryption: keys, keyslots and bio contexts");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
