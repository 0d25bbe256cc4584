// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who wait for a slot: first come, first served.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched.h>

#include "slots.h"
#include "trace.h"
#include "wait.h"

/* How long a slot that was closed may take to become idle before another is. */
#define PATIENCE (5 * HZ)

/**
 * ksm_slot_wake_first() - a slot may have become idle
 * @ksm: the keyslot manager
 *
 * Wakes the first of those who wait for one.
 *
 * Context: any context.
 */
void ksm_slot_wake_first(struct ksm *ksm)
{
	struct ksm_waiter *waiter;
	unsigned long flags;

	spin_lock_irqsave(&ksm->wait_lock, flags);
	waiter = list_first_entry_or_null(&ksm->waiters, struct ksm_waiter,
					  list);
	if (waiter)
		wake_up_process(waiter->task);
	spin_unlock_irqrestore(&ksm->wait_lock, flags);
}

static int count_list(const struct list_head *list)
{
	const struct list_head *pos;
	int n = 0;

	list_for_each(pos, list)
		n++;
	return n;
}

/* An open slot that is idle, or else that has had its key for longest; or -1. */
static int slot_to_close(struct ksm *ksm)
{
	const struct ksm_slot_key *keys = ksm->slot_keys;
	int refs, oldest = -1;
	unsigned int i;

	for (i = 0; i < ksm->num_slots; i++) {
		refs = atomic_read(&ksm->slots[i].refs);
		if (refs < 0 || !ksm_slot_usable(ksm, i))
			continue;
		if (!refs)
			return i;
		if (oldest < 0 || keys[i].since < keys[oldest].since)
			oldest = i;
	}
	return oldest;
}

/* Whether a slot is closed, and idle or not closed for long. */
static bool may_come_free(struct ksm *ksm, unsigned int slot)
{
	int refs = atomic_read(&ksm->slots[slot].refs);

	if (refs >= 0 || !ksm_slot_usable(ksm, slot))
		return false;
	return refs == KSM_CLOSED ||
	       time_before(jiffies, ksm->slot_keys[slot].closed + PATIENCE);
}

/**
 * ksm_wait_close_slots() - see to it that those who wait get a slot
 * @ksm: the keyslot manager, locked
 *
 * One closed slot for each of them. Also of those that are idle at the moment: a
 * busy key might take it again before a waiter does, and again and again. One
 * that stays busy in spite of it does not count for ever: its I/O may be held
 * back further down for as long as a control group's owner likes.
 */
void ksm_wait_close_slots(struct ksm *ksm)
{
	unsigned int i;
	int wanted, slot;

	spin_lock_irq(&ksm->wait_lock);
	wanted = count_list(&ksm->waiters);
	spin_unlock_irq(&ksm->wait_lock);

	for (i = 0; i < ksm->num_slots; i++)
		wanted -= may_come_free(ksm, i);
	for (; wanted > 0; wanted--) {
		slot = slot_to_close(ksm);
		if (slot < 0)
			break;
		ksm_slot_close(ksm, slot);
		if (ksm->slot_keys[slot].key)
			trace_ksm_slot_close(ksm, ksm->slot_keys[slot].key,
					     slot);
	}
	/* There may have been idle ones among them. */
	ksm_slot_wake_first(ksm);
}

/**
 * ksm_wait_join() - stand in line
 * @ksm: the keyslot manager, locked
 * @waiter: for the current task, as the last of them
 * @key: the key that it wants in a slot
 */
void ksm_wait_join(struct ksm *ksm, struct ksm_waiter *waiter,
		   const struct ksm_key *key)
{
	ksm->stats.waits++;
	trace_ksm_slot_wait(ksm, key);
	waiter->task = current;
	spin_lock_irq(&ksm->wait_lock);
	list_add_tail(&waiter->list, &ksm->waiters);
	spin_unlock_irq(&ksm->wait_lock);
}

/**
 * ksm_wait_leave() - stand in line no more
 * @ksm: the keyslot manager
 * @waiter: the waiter, which may never have joined
 */
void ksm_wait_leave(struct ksm *ksm, struct ksm_waiter *waiter)
{
	if (list_empty(&waiter->list))
		return;
	spin_lock_irq(&ksm->wait_lock);
	list_del_init(&waiter->list);
	spin_unlock_irq(&ksm->wait_lock);
	/* There may be another idle slot, or the same key in ours. */
	ksm_slot_wake_first(ksm);
}

/**
 * ksm_wait_is_first() - whether nobody else has waited for longer
 * @ksm: the keyslot manager
 * @waiter: the waiter, which may not have joined
 */
bool ksm_wait_is_first(struct ksm *ksm, struct ksm_waiter *waiter)
{
	bool first;

	spin_lock_irq(&ksm->wait_lock);
	first = list_empty(&ksm->waiters) ||
		list_first_entry(&ksm->waiters, struct ksm_waiter, list) ==
			waiter;
	spin_unlock_irq(&ksm->wait_lock);
	return first;
}

static bool any_idle(struct ksm *ksm)
{
	unsigned int i;

	for (i = 0; i < ksm->num_slots; i++) {
		if (ksm_slot_idle(ksm, i))
			return true;
	}
	return false;
}

/**
 * ksm_wait_for_turn() - sleep until it is worthwhile to try again
 * @ksm: the keyslot manager
 * @waiter: the waiter, which has joined
 *
 * Context: process context, may sleep.
 */
void ksm_wait_for_turn(struct ksm *ksm, struct ksm_waiter *waiter)
{
	bool first;

	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (ksm_is_dead(ksm))
			break;
		/*
		 * The new first one tries at once: its key may be in a slot by
		 * now, or the slot closed for it has been opened again.
		 */
		first = ksm_wait_is_first(ksm, waiter);
		if (first && (!waiter->tried || any_idle(ksm)))
			break;
		if (!first)
			schedule();
		else if (!schedule_timeout(PATIENCE))
			/* To close another slot, see ksm_wait_close_slots(). */
			break;
	}
	__set_current_state(TASK_RUNNING);
}

/**
 * ksm_wait_wake_all() - wake all who wait, as there is nothing to wait for
 * @ksm: the keyslot manager, which is dead
 */
void ksm_wait_wake_all(struct ksm *ksm)
{
	struct ksm_waiter *waiter;

	spin_lock_irq(&ksm->wait_lock);
	list_for_each_entry(waiter, &ksm->waiters, list)
		wake_up_process(waiter->task);
	spin_unlock_irq(&ksm->wait_lock);
}
