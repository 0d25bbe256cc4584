// SPDX-License-Identifier: GPL-2.0-only
/*
 * ufs_shim: the inline encryption engine of a UFS host controller, for ksm_core,
 * on kernels that were built without SCSI_UFS_CRYPTO. docs/ufs.md tells which
 * hosts are used.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "bus.h"
#include "command.h"
#include "debugfs.h"
#include "host.h"

static int __init shim_init(void)
{
	int err;

	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("not on a kernel with PREEMPT_RT: where commands are seen it cannot take locks\n");
		return -EOPNOTSUPP;
	}
	err = shim_commands_init();
	if (err)
		return err;
	shim_debugfs_init();
	err = shim_bus_watch();
	if (err)
		shim_debugfs_exit();
	return err;
}

/* Not while a host is used: each keeps a reference. */
static void __exit shim_exit(void)
{
	shim_bus_unwatch();
	shim_hosts_forget();
	shim_debugfs_exit();
}

module_init(shim_init);
module_exit(shim_exit);

MODULE_DESCRIPTION("Inline encryption of UFS host controllers");
MODULE_AUTHOR("The ksm authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(KSM_VERSION);
MODULE_IMPORT_NS_KSM;
