// SPDX-License-Identifier: GPL-2.0-only
/* Glue drivers that put keys into the descriptors, since 6.12. */
#include <ufs/ufshcd.h>
#include <linux/module.h>

bool probe(struct ufs_hba *hba);

bool probe(struct ufs_hba *hba)
{
	return hba->vops->fill_crypto_prdt;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
