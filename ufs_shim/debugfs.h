/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/debug/ufs_shim
 */
#ifndef _UFS_SHIM_DEBUGFS_H
#define _UFS_SHIM_DEBUGFS_H

struct shim_host;

void shim_debugfs_init(void);
void shim_debugfs_exit(void);
void shim_debugfs_add(struct shim_host *host);
void shim_debugfs_remove(struct shim_host *host);

#endif /* _UFS_SHIM_DEBUGFS_H */
