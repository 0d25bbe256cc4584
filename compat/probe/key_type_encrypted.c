// SPDX-License-Identifier: GPL-2.0-only
/* Keys of type "encrypted": declared everywhere, exported where so configured. */
#include <keys/encrypted-type.h>
#include <linux/key.h>
#include <linux/module.h>

/* needs-symbol: key_type_encrypted */
struct key_type *probe(void);
struct key_type *probe(void)
{
	return &key_type_encrypted;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
