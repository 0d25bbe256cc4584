/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which hosts may be touched.
 */
#ifndef _UFS_SHIM_POLICY_H
#define _UFS_SHIM_POLICY_H

struct ufs_hba;

const char *shim_policy_refuses(struct ufs_hba *hba);
const char *shim_policy_only_reports(void);

#endif /* _UFS_SHIM_POLICY_H */
