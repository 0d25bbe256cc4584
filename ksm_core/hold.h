/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The provider's hardware, on and reachable while its operations are used.
 */
#ifndef _KSM_CORE_HOLD_H
#define _KSM_CORE_HOLD_H

struct ksm;

int ksm_hold(struct ksm *ksm);
void ksm_release(struct ksm *ksm);

#endif /* _KSM_CORE_HOLD_H */
