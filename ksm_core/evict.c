// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking keys out of slots: on request, when who had them programmed goes, when
 * the hardware has lost them, and when it goes itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/rcupdate.h>

#include "evict.h"
#include "hold.h"
#include "slots.h"
#include "trace.h"
#include "wait.h"

/*
 * Close a slot whose key nobody should use. Somebody may have a reference for a
 * moment who has been on his way to the slot since it had another key, see
 * ksm_slot_try_get_inline(). They need to be waited for once (@waited) while the
 * lock is held.
 */
static bool claim_evicted(struct ksm *ksm, unsigned int slot, bool *waited)
{
	if (ksm_slot_claim(ksm, slot))
		return true;
	if (*waited)
		return false;
	synchronize_rcu();
	*waited = true;
	return ksm_slot_claim(ksm, slot);
}

/*
 * Take a slot's key away though there may be users, whose I/O then fails in the
 * engine. Nobody new gets in; drained, the slot can be had for another key.
 */
static void lose_slot(struct ksm *ksm, unsigned int slot)
{
	if (!ksm_slot_claim(ksm, slot) &&
	    atomic_read(&ksm->slots[slot].refs) >= 0)
		ksm_slot_close(ksm, slot);
	ksm_slot_unlink(ksm, slot);
}

/*
 * Whoever has the slot must not use it any more. @held: what ksm_hold() has
 * returned.
 */
static int empty_slot(struct ksm *ksm, unsigned int slot, int held)
{
	const struct ksm_key *key = ksm->slot_keys[slot].key;
	int err = held ?: ksm->ops->evict(ksm, key, slot);

	trace_ksm_slot_evict(ksm, key, slot, err);
	/* On errors too: nobody keeps the key for us. */
	lose_slot(ksm, slot);
	ksm->stats.evicts++;
	if (err) {
		ksm->stats.evict_errors++;
		pr_err_ratelimited("%s: evicting slot %u failed: %d\n",
				   ksm->name, slot, err);
	}
	return err;
}

static int evict_slot(struct ksm *ksm, unsigned int slot, int held)
{
	bool waited = false;
	bool idle = claim_evicted(ksm, slot, &waited);
	int err = empty_slot(ksm, slot, held);

	if (WARN_ONCE(!idle, "%s: key evicted while in use\n", ksm->name))
		return -EBUSY;
	ksm_slot_open(ksm, slot, 0);
	return err;
}

/**
 * ksm_evict_key() - make the hardware forget a key
 * @ksm: the keyslot manager
 * @key: the key; no I/O that uses it is under way
 *
 * Afterwards @key may be destroyed, even if this fails.
 *
 * Context: process context, may sleep.
 * Return: 0, also if the hardware did not have it or has gone; or a negative
 *	errno, and the hardware may not have forgotten it; -EBUSY if it was in
 *	use, which is a bug of the caller.
 */
int ksm_evict_key(struct ksm *ksm, const struct ksm_key *key)
{
	int held = ksm_hold(ksm);
	int slot, err = 0;

	mutex_lock(&ksm->lock);
	if (!ksm->num_slots) {
		/* Without ksm_hold() there may be no operations to look at. */
		if (held)
			err = READ_ONCE(ksm->ops_gone) ? 0 : held;
		else if (ksm->ops->evict)
			err = ksm->ops->evict(ksm, key, KSM_NO_SLOT);
	} else {
		slot = ksm_slot_find(ksm, key);
		if (slot >= 0)
			err = evict_slot(ksm, slot, held);
	}
	mutex_unlock(&ksm->lock);
	if (!held)
		ksm_release(ksm);
	ksm_slot_wake_first(ksm);
	return err;
}
EXPORT_SYMBOL_KSM(ksm_evict_key);

/*
 * A key that came by @client, or by one that has gone: its eviction may not come
 * by anybody any more.
 */
static bool came_by(const struct ksm_slot_key *sk,
		    const struct ksm_client *client)
{
	return sk->key && (!sk->via || sk->via == client);
}

static void evict_idle_via(struct ksm *ksm, const struct ksm_client *client,
			   int held)
{
	struct ksm_slot_key *sk;
	bool waited = false;
	unsigned int i;

	for (i = 0; i < ksm->num_slots; i++) {
		sk = &ksm->slot_keys[i];
		if (!came_by(sk, client))
			continue;
		if (claim_evicted(ksm, i, &waited))
			evict_slot(ksm, i, held);
		else
			sk->via = NULL;
	}
}

/**
 * ksm_slots_evict_idle() - evict what a client had programmed and nobody uses
 * @ksm: the keyslot manager
 * @client: the client
 *
 * A key that is needed later is programmed again. One that others are using now
 * stays; whoever goes last evicts it, as after ksm_slots_leave().
 *
 * Context: process context, may sleep.
 */
void ksm_slots_evict_idle(struct ksm *ksm, const struct ksm_client *client)
{
	int held = ksm_hold(ksm);

	mutex_lock(&ksm->lock);
	if (!held && ksm->ops->evict_idle)
		ksm->ops->evict_idle(ksm);
	evict_idle_via(ksm, client, held);
	mutex_unlock(&ksm->lock);
	if (!held)
		ksm_release(ksm);
	ksm_slot_wake_first(ksm);
}

static void inherit(struct ksm *ksm, const struct ksm_client *client,
		    const struct ksm_client *heir)
{
	unsigned int i;

	/* Not one that was left to whoever goes last: that may be another stack's. */
	for (i = 0; i < ksm->num_slots; i++) {
		if (ksm->slot_keys[i].via == client)
			ksm->slot_keys[i].via = heir;
	}
}

/**
 * ksm_slots_leave() - a client goes: evict what it had programmed
 * @ksm: the keyslot manager
 * @client: the client, which has no I/O under way
 * @heir: another client that forwards for the same upper manager, or NULL: then
 *	nobody could pass on the eviction of these keys any more
 *
 * Keys that others are using stay; whoever goes last evicts them.
 *
 * Context: process context, may sleep.
 */
void ksm_slots_leave(struct ksm *ksm, const struct ksm_client *client,
		     const struct ksm_client *heir)
{
	int held = ksm_hold(ksm);

	mutex_lock(&ksm->lock);
	if (heir)
		inherit(ksm, client, heir);
	else
		evict_idle_via(ksm, client, held);
	mutex_unlock(&ksm->lock);
	if (!held)
		ksm_release(ksm);
	ksm_slot_wake_first(ksm);
}

/**
 * ksm_reprogram_all() - program all keys again
 * @ksm: the keyslot manager
 *
 * After a reset, from which the slots come back empty. The slots keep their
 * users; I/O under way that reaches the engine before its slot is programmed
 * must fail there. A slot that cannot be programmed loses its key, and who uses
 * it next tries again.
 *
 * Context: process context, may sleep. The provider's hardware can be reached
 *	(ksm_ops.hold is not called) and ksm_destroy() is not called meanwhile.
 * Return: 0, or the first error.
 */
int ksm_reprogram_all(struct ksm *ksm)
{
	unsigned int i;
	int err, first = 0;

	mutex_lock(&ksm->lock);
	ksm->stats.reprograms++;
	for (i = 0; i < ksm->num_slots; i++) {
		const struct ksm_key *key = ksm->slot_keys[i].key;

		/* After a reset it may do better. */
		ksm_slot_set_bad(ksm, i, false);
		if (!key)
			continue;
		err = ksm->ops->program(ksm, key, i);
		trace_ksm_slot_program(ksm, key, i, err);
		ksm_slot_set_bad(ksm, i, err);
		if (!err)
			continue;
		pr_err_ratelimited("%s: programming slot %u again failed: %d\n",
				   ksm->name, i, err);
		ksm->stats.program_errors++;
		first = first ?: err;
		lose_slot(ksm, i);
	}
	/* One that was closed for somebody may be bad now. Wakes the first. */
	ksm_wait_close_slots(ksm);
	mutex_unlock(&ksm->lock);
	return first;
}
EXPORT_SYMBOL_KSM(ksm_reprogram_all);

/**
 * ksm_slots_shut() - the provider goes
 * @ksm: the keyslot manager
 *
 * Evicts all keys, those of slots that somebody has, too: all disks have gone,
 * so there is no I/O. Afterwards the provider's operations are not called any
 * more, and who waits for a slot gets an error.
 *
 * Context: process context, may sleep.
 */
void ksm_slots_shut(struct ksm *ksm)
{
	int held = ksm_hold(ksm);
	unsigned int i;

	WRITE_ONCE(ksm->dead, true);
	mutex_lock(&ksm->lock);
	for (i = 0; i < ksm->num_slots; i++) {
		if (!ksm->slot_keys[i].key)
			continue;
		if (ksm_slot_claim(ksm, i))
			evict_slot(ksm, i, held);
		else
			/* Got for I/O that finds no disk any more. */
			empty_slot(ksm, i, held);
	}
	mutex_unlock(&ksm->lock);
	/*
	 * Not before: who evicts a key meanwhile must be able to, or leave it
	 * to the above.
	 */
	WRITE_ONCE(ksm->ops_gone, true);
	if (!held)
		ksm_release(ksm);
	ksm_wait_wake_all(ksm);

	/* Those who had the operations at hand. */
	down_write(&ksm->life);
	up_write(&ksm->life);
}
