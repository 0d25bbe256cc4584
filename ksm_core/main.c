// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_core: the module that the others build on. It has no state of its own.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Inline encryption: modes, keys and capabilities");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
