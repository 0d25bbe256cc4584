// SPDX-License-Identifier: GPL-2.0-only
/* Until 6.6 ufshcd_hold() could refuse to wait. */
#include <ufs/ufshcd.h>
#include <linux/module.h>

int probe(struct ufs_hba *hba);

int probe(struct ufs_hba *hba)
{
	return ufshcd_hold(hba, false);
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
