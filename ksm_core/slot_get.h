/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Getting the slot that holds a key already and giving it back, which every bio
 * does.
 */
#ifndef _KSM_CORE_SLOT_GET_H
#define _KSM_CORE_SLOT_GET_H

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/rcupdate.h>

#include "keyslot.h"
#include "trace.h"
#include "wait.h"

/* The first slot of the hash value of a key; -1 there if there is none. */
static inline int *ksm_chain_head(struct ksm *ksm, const struct ksm_key *key)
{
	return &ksm->heads[hash_ptr(key, 32) & ksm->hash_mask];
}

/**
 * ksm_slot_put_inline() - ksm_slot_put(), for every bio
 * @ksm: the keyslot manager
 * @slot: the slot
 *
 * Context: any context.
 */
static __always_inline void ksm_slot_put_inline(struct ksm *ksm,
						unsigned int slot)
{
	int refs;

	WRITE_ONCE(ksm->slots[slot].last_used, jiffies);
	/* A full barrier, as is set_current_state() in ksm_wait_for_turn(). */
	refs = atomic_dec_return(&ksm->slots[slot].refs);
	if ((!refs || refs == KSM_CLOSED) &&
	    unlikely(!list_empty_careful(&ksm->waiters)))
		ksm_slot_wake_first(ksm);
}

/* Of ksm_slot_try_get_inline(). */
static __always_inline int ksm_find_open_slot(struct ksm *ksm,
					      const struct ksm_key *key)
{
	int slot;

	slot = READ_ONCE(*ksm_chain_head(ksm, key));
	if (unlikely(slot < 0))
		return -EAGAIN;
	/* With as many chains as slots, most keys are the first of theirs. */
	if (unlikely(READ_ONCE(ksm->slot_keys[slot].key) != key)) {
		slot = ksm_slot_search_chain(ksm, key, slot);
		if (slot < 0)
			return -EAGAIN;
	}
	if (unlikely(!atomic_inc_unless_negative(&ksm->slots[slot].refs)))
		return -EAGAIN;

	/* Now the slot keeps its key. It may have had another just before. */
	if (unlikely(READ_ONCE(ksm->slot_keys[slot].key) != key)) {
		ksm_slot_put(ksm, slot);
		return -EAGAIN;
	}
	return slot;
}

/**
 * ksm_slot_try_get_inline() - ksm_slot_try_get(), for every bio
 * @ksm: the keyslot manager, which has slots
 * @key: the key
 *
 * The walk along the hash chain has no lock. Slots never go away, so it may be
 * led to another chain by a slot that changes hands, but no further; and what
 * it finds is looked at again once nobody can change it any more. If it misses
 * the key for that reason, the caller takes the way around, which has a lock.
 * All of that within an RCU read section, so that who finds a slot in use which
 * should not be can wait for those who are about to let go of it again.
 *
 * Context: any context.
 * Return: as ksm_slot_try_get().
 */
static __always_inline int ksm_slot_try_get_inline(struct ksm *ksm,
						   const struct ksm_key *key)
{
	int slot;

	if (unlikely(ksm_is_dead(ksm)))
		return -ENODEV;
	rcu_read_lock();
	slot = ksm_find_open_slot(ksm, key);
	rcu_read_unlock();
	if (likely(slot >= 0))
		trace_ksm_slot_get(ksm, key, slot);
	return slot;
}

#endif /* _KSM_CORE_SLOT_GET_H */
