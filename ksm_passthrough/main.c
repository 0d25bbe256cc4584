// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_passthrough: nothing to set up; the code is in passthrough.c.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Inline encryption: keyslot managers of stacked disks");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS_KSM;
