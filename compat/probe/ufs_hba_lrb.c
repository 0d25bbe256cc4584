// SPDX-License-Identifier: GPL-2.0-only
/* Until 7.0 a UFS host has an array of its commands' state. */
#include <ufs/ufshcd.h>
#include <linux/module.h>

struct ufshcd_lrb *probe(struct ufs_hba *hba);

struct ufshcd_lrb *probe(struct ufs_hba *hba)
{
	return &hba->lrb[0];
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
