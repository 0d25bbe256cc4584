// SPDX-License-Identifier: GPL-2.0-only
/* Before cdd30ebb1b9f (Linux 6.13) a symbol namespace was a token. */
#include <linux/module.h>

int probe(void);
int probe(void)
{
	return 0;
}
EXPORT_SYMBOL_NS_GPL(probe, KSM);

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
