/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What debugfs shows of keyslot managers.
 */
#ifndef _KSM_CORE_DEBUGFS_H
#define _KSM_CORE_DEBUGFS_H

struct ksm;

void ksm_debugfs_init(void);
void ksm_debugfs_exit(void);
void ksm_debugfs_add(struct ksm *ksm);
void ksm_debugfs_remove(struct ksm *ksm);

#endif /* _KSM_CORE_DEBUGFS_H */
