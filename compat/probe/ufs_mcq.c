// SPDX-License-Identifier: GPL-2.0-only
/* UFS hosts with multiple circular queues, since 6.3. */
#include <ufs/ufshcd.h>
#include <linux/module.h>

unsigned long probe(struct ufs_hba *hba);

unsigned long probe(struct ufs_hba *hba)
{
	return hba->mcq_enabled ? hba->mcq_opr[OPR_SQD].offset : 0;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
