// SPDX-License-Identifier: GPL-2.0-only
/* Keys of type "trusted": declared everywhere, exported where so configured. */
#include <keys/trusted-type.h>
#include <linux/key.h>
#include <linux/module.h>

/* needs-symbol: key_type_trusted */
struct key_type *probe(void);
struct key_type *probe(void)
{
	return &key_type_trusted;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
