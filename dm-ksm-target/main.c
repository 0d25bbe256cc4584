// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm-ksm: registers the device-mapper targets.
 */
#include <linux/device-mapper.h>
#include <linux/module.h>

#include "linear.h"
#include "target.h"

static int __init dm_ksm_init(void)
{
	int err;

	err = dm_register_target(&ksm_target_type);
	if (err)
		return err;
	err = dm_register_target(&ksm_linear_target_type);
	if (err)
		dm_unregister_target(&ksm_target_type);
	return err;
}

static void __exit dm_ksm_exit(void)
{
	dm_unregister_target(&ksm_linear_target_type);
	dm_unregister_target(&ksm_target_type);
}

module_init(dm_ksm_init);
module_exit(dm_ksm_exit);

MODULE_DESCRIPTION("Inline encryption: device-mapper targets");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
/* Device mapper asks for it when a table names the target. */
MODULE_ALIAS("dm-ksm-linear");
MODULE_IMPORT_NS_KSM;
