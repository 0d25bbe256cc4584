/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Being told about resets.
 */
#ifndef _UFS_SHIM_HOOKS_H
#define _UFS_SHIM_HOOKS_H

struct shim_host;

void shim_hooks_install(struct shim_host *host);
void shim_hooks_forget(struct shim_host *host);

#endif /* _UFS_SHIM_HOOKS_H */
