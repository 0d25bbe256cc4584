// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm-ksm: registers the device-mapper targets.
 */
#include <linux/device-mapper.h>
#include <linux/module.h>

#include "target.h"

static int __init dm_ksm_init(void)
{
	return dm_register_target(&ksm_target_type);
}

static void __exit dm_ksm_exit(void)
{
	dm_unregister_target(&ksm_target_type);
}

module_init(dm_ksm_init);
module_exit(dm_ksm_exit);

MODULE_DESCRIPTION("Inline encryption: device-mapper target ksm");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS_KSM;
