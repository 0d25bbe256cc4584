// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Keyslots
 *
 * Which key is in which slot, and who may change that.
 *
 * A slot has a count of references. Getting a slot for a key that is in one
 * already is a walk along a short hash chain, which everybody only reads, and
 * one atomic operation on the slot's own cache line, which only users of the
 * same key share. That one cannot be avoided: somebody has to know when the
 * slot is idle. There is no list of idle slots to keep, hence no lock; whoever
 * needs an idle slot looks for the one least recently used.
 *
 * A slot is closed (its count is negative) before it changes hands. From then
 * on nobody gets a reference, and when the last one has gone it is idle for
 * good. Only then, and under the manager's lock, its key changes.
 *
 * Who finds no idle slot waits, first come first served, and closes a busy slot
 * first: else a key under continuous load would keep its slot for ever (wait.c).
 * Keys leave their slots for others here, and for good in evict.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "hold.h"
#include "slot_get.h"
#include "slots.h"
#include "trace.h"
#include "wait.h"

/* ---- references ---- */

/**
 * ksm_slot_search_chain() - the way of ksm_slot_try_get_inline() that is longer
 * @ksm: the keyslot manager
 * @key: the key
 * @slot: the first slot of its chain, or -1
 *
 * Context: any context.
 * Return: the slot that seems to hold the key, or -1.
 */
int ksm_slot_search_chain(struct ksm *ksm, const struct ksm_key *key, int slot)
{
	unsigned int steps;

	for (steps = 0; slot >= 0 && steps < ksm->num_slots; steps++) {
		if (READ_ONCE(ksm->slot_keys[slot].key) == key)
			return slot;
		slot = READ_ONCE(ksm->slot_keys[slot].next);
	}
	return -1;
}

/**
 * ksm_slot_try_get() - get a reference to the slot that holds a key
 * @ksm: the keyslot manager
 * @key: the key
 *
 * Context: any context.
 * Return: the slot; -EAGAIN if the key is in none or is to make room, when
 *	ksm_slot_get() is the next thing to try; -EOPNOTSUPP if there are no
 *	slots; -ENODEV if the provider has gone.
 */
int ksm_slot_try_get(struct ksm *ksm, const struct ksm_key *key)
{
	if (unlikely(!ksm->num_slots))
		return -EOPNOTSUPP;
	return ksm_slot_try_get_inline(ksm, key);
}
EXPORT_SYMBOL_KSM(ksm_slot_try_get);

/**
 * ksm_slot_dup() - get another reference to a slot
 * @ksm: the keyslot manager
 * @slot: the slot, of which the caller has a reference
 *
 * It works on a closed slot too: what is to be done with the reference at hand
 * is not delayed by others who wait for the slot.
 *
 * Context: any context.
 */
void ksm_slot_dup(struct ksm *ksm, unsigned int slot)
{
	atomic_inc(&ksm->slots[slot].refs);
}
EXPORT_SYMBOL_KSM(ksm_slot_dup);

/**
 * ksm_slot_put() - give back a reference to a slot
 * @ksm: the keyslot manager
 * @slot: the slot
 *
 * Before the I/O that used it is reported as complete: who waits for that may
 * evict the key then.
 *
 * Context: any context.
 */
void ksm_slot_put(struct ksm *ksm, unsigned int slot)
{
	ksm_slot_put_inline(ksm, slot);
}
EXPORT_SYMBOL_KSM(ksm_slot_put);

/* ---- programming; under ksm->lock, with ksm_hold() ---- */

/* Whether slot @a is a better one than @b to be given another key. */
static bool better_slot(struct ksm *ksm, unsigned int a, unsigned int b)
{
	const struct ksm_slot_key *ka = &ksm->slot_keys[a];
	const struct ksm_slot_key *kb = &ksm->slot_keys[b];
	unsigned long ta = READ_ONCE(ksm->slots[a].last_used);
	unsigned long tb = READ_ONCE(ksm->slots[b].last_used);

	if (!ka->key != !kb->key)
		return !ka->key;
	if (ta != tb)
		return time_before(ta, tb);
	return ka->since < kb->since;
}

/* Close the least recently used idle slot that is not in @tried. */
static int claim_lru(struct ksm *ksm, const unsigned long *tried)
{
	unsigned int i;
	int best;

	do {
		best = -1;
		for (i = 0; i < ksm->num_slots; i++) {
			if (test_bit(i, tried) || !ksm_slot_idle(ksm, i))
				continue;
			if (best < 0 || better_slot(ksm, i, best))
				best = i;
		}
		/* It may have been taken since. */
	} while (best >= 0 && !ksm_slot_claim(ksm, best));
	return best;
}

static int program_slot(struct ksm *ksm, unsigned int slot,
			const struct ksm_key *key, const struct ksm_client *via)
{
	int err;

	/* Whatever comes of it, the old key is gone from here. */
	if (ksm->slot_keys[slot].key) {
		ksm->stats.evicts++;
		trace_ksm_slot_evict(ksm, ksm->slot_keys[slot].key, slot, 0);
		ksm_slot_unlink(ksm, slot);
	}
	err = ksm->ops->program(ksm, key, slot);
	trace_ksm_slot_program(ksm, key, slot, err);
	ksm->stats.programs++;
	if (err) {
		ksm_slot_set_bad(ksm, slot, true);
		ksm->slots[slot].last_used = jiffies;
		ksm->stats.program_errors++;
		pr_err_ratelimited("%s: programming slot %u failed: %d\n",
				   ksm->name, slot, err);
		ksm_slot_open(ksm, slot, 0);
		return err;
	}
	ksm_slot_set_good(ksm, slot);
	ksm_slot_link(ksm, slot, key, via);
	ksm_slot_open(ksm, slot, 1);
	return slot;
}

/*
 * -EAGAIN if all slots are busy that may work. Slots that fail are no reason to
 * give up unless all do; then each is tried again whenever somebody asks.
 */
static int program_any(struct ksm *ksm, const struct ksm_key *key,
		       const struct ksm_client *via)
{
	DECLARE_BITMAP(tried, KSM_MAX_SLOTS);
	int slot, err = -EAGAIN;

	bitmap_zero(tried, KSM_MAX_SLOTS);
	while ((slot = claim_lru(ksm, tried)) >= 0) {
		err = program_slot(ksm, slot, key, via);
		if (err >= 0)
			return err;
		__set_bit(slot, tried);
	}
	return ksm->nr_bad < ksm->num_slots ? -EAGAIN : err;
}

/*
 * Get a reference to the slot of a key, though it may be closed for somebody
 * else's sake.
 */
static void reopen_slot(struct ksm *ksm, unsigned int slot)
{
	struct ksm_slot *s = &ksm->slots[slot];

	if (!atomic_inc_unless_negative(&s->refs))
		atomic_add(1 - KSM_CLOSED, &s->refs);
}

/* -EAGAIN: not our turn, or all slots are busy. */
static int share_or_program(struct ksm *ksm, const struct ksm_key *key,
			    const struct ksm_client *via, bool first)
{
	int slot;

	if (ksm_is_dead(ksm))
		return -ENODEV;
	slot = ksm_slot_find(ksm, key);
	if (slot < 0)
		return first ? program_any(ksm, key, via) : -EAGAIN;
	if (!first && atomic_read(&ksm->slots[slot].refs) < 0)
		return -EAGAIN;
	reopen_slot(ksm, slot);
	trace_ksm_slot_get(ksm, key, slot);
	return slot;
}

/* ---- getting ---- */

/**
 * ksm_slot_get_via() - get a reference to a slot with a key
 * @ksm: the keyslot manager
 * @key: the key
 * @via: on behalf of this client, or NULL
 *
 * Context: process context, may sleep and wait for I/O that has slots.
 * Return: as ksm_slot_get().
 */
int ksm_slot_get_via(struct ksm *ksm, const struct ksm_key *key,
		     const struct ksm_client *via)
{
	struct ksm_waiter waiter = { .list = LIST_HEAD_INIT(waiter.list) };
	bool first;
	int slot;

	/*
	 * Bios on the list of a task that is inside submit_bio() are not going
	 * anywhere before it returns. They may have all the slots.
	 */
	if (current->bio_list)
		return -EDEADLK;
	slot = ksm_slot_try_get(ksm, key);
	if (slot != -EAGAIN)
		return slot;

	for (;;) {
		slot = ksm_hold(ksm);
		if (slot)
			break;
		mutex_lock(&ksm->lock);
		first = ksm_wait_is_first(ksm, &waiter);
		slot = share_or_program(ksm, key, via, first);
		if (slot == -EAGAIN) {
			if (list_empty(&waiter.list))
				ksm_wait_join(ksm, &waiter, key);
			waiter.tried = first;
			ksm_wait_close_slots(ksm);
		}
		mutex_unlock(&ksm->lock);
		ksm_release(ksm);
		if (slot != -EAGAIN)
			break;
		ksm_wait_for_turn(ksm, &waiter);
	}
	ksm_wait_leave(ksm, &waiter);
	return slot;
}

/**
 * ksm_slot_get() - get a reference to a slot with a key
 * @ksm: the keyslot manager
 * @key: the key, programmed if it is not in any slot
 *
 * If all slots are in use this waits until one is not, in the order of arrival.
 * The caller must not hold slots, or memory from pools, that somebody needs who
 * has a slot.
 *
 * Context: process context, may sleep. Not inside submit_bio(), where waiting
 *	for a slot may be waiting for oneself.
 * Return: the slot; -ENODEV if the provider has gone, even meanwhile; -EDEADLK
 *	inside submit_bio(); -EOPNOTSUPP if there are no slots; or what the
 *	provider says, when no slot that is idle could be programmed.
 */
int ksm_slot_get(struct ksm *ksm, const struct ksm_key *key)
{
	return ksm_slot_get_via(ksm, key, NULL);
}
EXPORT_SYMBOL_KSM(ksm_slot_get);
