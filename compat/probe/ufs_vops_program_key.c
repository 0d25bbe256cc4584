// SPDX-License-Identifier: GPL-2.0-only
/* Glue drivers that program keys in a way of their own, until 6.15. */
#include <ufs/ufshcd.h>
#include <linux/module.h>

bool probe(struct ufs_hba *hba);

bool probe(struct ufs_hba *hba)
{
	return hba->vops->program_key;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
