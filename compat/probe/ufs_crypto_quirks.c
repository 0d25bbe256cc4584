// SPDX-License-Identifier: GPL-2.0-only
/* Glue drivers that say what is unusual about their engine, since 6.12. */
#include <ufs/ufshcd.h>
#include <linux/module.h>

unsigned int probe(void);

unsigned int probe(void)
{
	return UFSHCD_QUIRK_CUSTOM_CRYPTO_PROFILE | UFSHCD_QUIRK_KEYS_IN_PRDT |
	       UFSHCD_QUIRK_BROKEN_CRYPTO_ENABLE;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
