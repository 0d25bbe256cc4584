/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What crypto_fallback shows in debugfs.
 */
#ifndef _KSM_FALLBACK_DEBUGFS_H
#define _KSM_FALLBACK_DEBUGFS_H

void ksm_fallback_debugfs_init(void);
void ksm_fallback_debugfs_exit(void);

#endif /* _KSM_FALLBACK_DEBUGFS_H */
