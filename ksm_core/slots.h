/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of slots, and how one is closed and opened again. All under struct
 * ksm's lock.
 */
#ifndef _KSM_CORE_SLOTS_H
#define _KSM_CORE_SLOTS_H

#include <linux/atomic.h>
#include <linux/jiffies.h>

#include "keyslot.h"

/* Slots that the hardware refuses to program are left alone if others work. */
static inline bool ksm_slot_usable(struct ksm *ksm, unsigned int slot)
{
	return !READ_ONCE(ksm->slot_keys[slot].bad) ||
	       READ_ONCE(ksm->nr_bad) == ksm->num_slots;
}

/* Open or closed. */
static inline bool ksm_slot_idle(struct ksm *ksm, unsigned int slot)
{
	int refs = atomic_read(&ksm->slots[slot].refs);

	return (!refs || refs == KSM_CLOSED) && ksm_slot_usable(ksm, slot);
}

/* Close an idle slot. False if it is in use. */
static inline bool ksm_slot_claim(struct ksm *ksm, unsigned int slot)
{
	atomic_t *refs = &ksm->slots[slot].refs;

	return atomic_read(refs) == KSM_CLOSED ||
	       atomic_cmpxchg(refs, 0, KSM_CLOSED) == 0;
}

/* Of an open slot. Once it is idle, it can be claimed. */
static inline void ksm_slot_close(struct ksm *ksm, unsigned int slot)
{
	ksm->slot_keys[slot].closed = jiffies;
	atomic_add(KSM_CLOSED, &ksm->slots[slot].refs);
}

/* Of a claimed slot. */
static inline void ksm_slot_open(struct ksm *ksm, unsigned int slot, int refs)
{
	/* Whoever sees it open sees its key. */
	atomic_set_release(&ksm->slots[slot].refs, refs);
}

void ksm_slot_link(struct ksm *ksm, unsigned int slot,
		   const struct ksm_key *key, const struct ksm_client *via);
void ksm_slot_unlink(struct ksm *ksm, unsigned int slot);
int ksm_slot_find(struct ksm *ksm, const struct ksm_key *key);
void ksm_slot_set_bad(struct ksm *ksm, unsigned int slot, bool bad);
void ksm_slot_set_good(struct ksm *ksm, unsigned int slot);
int ksm_slots_create(struct ksm *ksm);
void ksm_slots_free(struct ksm *ksm);

#endif /* _KSM_CORE_SLOTS_H */
