// SPDX-License-Identifier: GPL-2.0-only
/* Linux 7.3 has AES-XTS as library functions. */
#include <crypto/aes-xts.h>
#include <linux/module.h>

/* needs-symbol: aes_xts_encrypt */
void probe(u8 *data, u8 *tweak, const struct aes_xts_key *key);
void probe(u8 *data, u8 *tweak, const struct aes_xts_key *key)
{
	aes_xts_encrypt(data, data, 16, tweak, key, false);
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
