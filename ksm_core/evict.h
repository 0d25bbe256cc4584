/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking keys out of slots.
 */
#ifndef _KSM_CORE_EVICT_H
#define _KSM_CORE_EVICT_H

struct ksm;
struct ksm_client;

void ksm_slots_evict_idle(struct ksm *ksm, const struct ksm_client *client);
void ksm_slots_leave(struct ksm *ksm, const struct ksm_client *client,
		     const struct ksm_client *heir);
void ksm_slots_shut(struct ksm *ksm);

#endif /* _KSM_CORE_EVICT_H */
