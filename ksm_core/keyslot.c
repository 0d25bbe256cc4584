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
 * first: else a key under continuous load would keep its slot for ever.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "keyslot.h"
#include "slot_get.h"
#include "trace.h"

/* How long a slot that was closed may take to become idle before another is. */
#define PATIENCE (5 * HZ)

/**
 * struct ksm_waiter - a task that waits for a slot
 * @list: in struct ksm's waiters
 * @task: the task
 * @tried: it has tried since it is the first
 */
struct ksm_waiter {
	struct list_head list;
	struct task_struct *task;
	bool tried;
};

/*
 * A device that once failed to suspend is on, and answers each wish to resume it
 * with that error.
 */
static int power_on(struct device *dev)
{
	int err = pm_runtime_resume_and_get(dev);

	/* Nothing else is EINVAL; EACCES may be a machine that goes to sleep. */
	if (err != -EINVAL || !pm_runtime_active(dev))
		return err;
	pm_runtime_get_noresume(dev);
	return 0;
}

/**
 * ksm_hold() - make the hardware ready for the provider's operations
 * @ksm: the keyslot manager
 *
 * Not under its lock: a device that resumes may have all keys programmed again.
 *
 * Context: process context, may sleep.
 * Return: 0, and ksm_release() must follow; -ENODEV if the provider has gone;
 *	or a negative errno of the device.
 */
int ksm_hold(struct ksm *ksm)
{
	int err;

	down_read(&ksm->life);
	if (READ_ONCE(ksm->ops_gone)) {
		err = -ENODEV;
		goto up;
	}
	if (ksm->dev) {
		err = power_on(ksm->dev);
		if (err)
			goto up;
	}
	err = ksm->ops->hold ? ksm->ops->hold(ksm) : 0;
	if (!err)
		return 0;

	if (ksm->dev)
		pm_runtime_put(ksm->dev);
up:
	up_read(&ksm->life);
	return err;
}

/**
 * ksm_release() - undo ksm_hold()
 * @ksm: the keyslot manager
 *
 * Context: process context, may sleep.
 */
void ksm_release(struct ksm *ksm)
{
	if (ksm->ops->release)
		ksm->ops->release(ksm);
	if (ksm->dev)
		pm_runtime_put(ksm->dev);
	up_read(&ksm->life);
}

/* ---- which key is where: all but the readers under ksm->lock ---- */

static void link_key(struct ksm *ksm, unsigned int slot,
		     const struct ksm_key *key, const struct ksm_client *via)
{
	struct ksm_slot_key *sk = &ksm->slot_keys[slot];
	int *head = ksm_chain_head(ksm, key);

	sk->via = via;
	sk->since = ksm->stats.programs;
	WRITE_ONCE(sk->key, key);
	WRITE_ONCE(sk->next, *head);
	WRITE_ONCE(*head, slot);
}

static void unlink_key(struct ksm *ksm, unsigned int slot)
{
	struct ksm_slot_key *sk = &ksm->slot_keys[slot];
	int *link = ksm_chain_head(ksm, sk->key);

	while (*link != slot)
		link = &ksm->slot_keys[*link].next;
	WRITE_ONCE(*link, sk->next);
	WRITE_ONCE(sk->key, NULL);
	sk->via = NULL;
}

static int find_slot(struct ksm *ksm, const struct ksm_key *key)
{
	int slot = *ksm_chain_head(ksm, key);

	while (slot >= 0 && ksm->slot_keys[slot].key != key)
		slot = ksm->slot_keys[slot].next;
	return slot;
}

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

/* ---- closing; under ksm->lock ---- */

/* Slots that the hardware refuses to program are left alone if others work. */
static bool slot_usable(struct ksm *ksm, unsigned int slot)
{
	return !READ_ONCE(ksm->slot_keys[slot].bad) ||
	       READ_ONCE(ksm->nr_bad) == ksm->num_slots;
}

static void set_bad(struct ksm *ksm, unsigned int slot, bool bad)
{
	struct ksm_slot_key *sk = &ksm->slot_keys[slot];

	if (sk->bad == bad)
		return;
	WRITE_ONCE(sk->bad, bad);
	WRITE_ONCE(ksm->nr_bad, bad ? ksm->nr_bad + 1 : ksm->nr_bad - 1);
}

/* If it was all of them it was not the slots. */
static void set_good(struct ksm *ksm, unsigned int slot)
{
	unsigned int i;

	if (ksm->nr_bad < ksm->num_slots) {
		set_bad(ksm, slot, false);
		return;
	}
	for (i = 0; i < ksm->num_slots; i++)
		set_bad(ksm, i, false);
}

static bool slot_idle(struct ksm *ksm, unsigned int slot)
{
	int refs = atomic_read(&ksm->slots[slot].refs);

	return (!refs || refs == KSM_CLOSED) && slot_usable(ksm, slot);
}

/* Close an idle slot. False if it is in use. */
static bool claim_slot(struct ksm *ksm, unsigned int slot)
{
	atomic_t *refs = &ksm->slots[slot].refs;

	return atomic_read(refs) == KSM_CLOSED ||
	       atomic_cmpxchg(refs, 0, KSM_CLOSED) == 0;
}

/*
 * The same for a key that nobody should use. Somebody may have a reference for a
 * moment who has been on his way to the slot since it had another key, see
 * ksm_slot_try_get_inline(). They need to be waited for once (@waited) while the
 * lock is held.
 */
static bool claim_evicted(struct ksm *ksm, unsigned int slot, bool *waited)
{
	if (claim_slot(ksm, slot))
		return true;
	if (*waited)
		return false;
	synchronize_rcu();
	*waited = true;
	return claim_slot(ksm, slot);
}

static void open_claimed(struct ksm *ksm, unsigned int slot, int refs)
{
	/* Whoever sees it open sees its key. */
	atomic_set_release(&ksm->slots[slot].refs, refs);
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
			if (test_bit(i, tried) || !slot_idle(ksm, i))
				continue;
			if (best < 0 || better_slot(ksm, i, best))
				best = i;
		}
		/* It may have been taken since. */
	} while (best >= 0 && !claim_slot(ksm, best));
	return best;
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
		if (refs < 0 || !slot_usable(ksm, i))
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

	if (refs >= 0 || !slot_usable(ksm, slot))
		return false;
	return refs == KSM_CLOSED ||
	       time_before(jiffies, ksm->slot_keys[slot].closed + PATIENCE);
}

/*
 * One closed slot for each waiter. Also of those that are idle at the moment: a
 * busy key might take it again before a waiter does, and again and again. One
 * that stays busy in spite of it does not count for ever: its I/O may be held
 * back further down for as long as a control group's owner likes.
 */
static void close_for_waiters(struct ksm *ksm)
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
		ksm->slot_keys[slot].closed = jiffies;
		atomic_add(KSM_CLOSED, &ksm->slots[slot].refs);
		if (ksm->slot_keys[slot].key)
			trace_ksm_slot_close(ksm, ksm->slot_keys[slot].key,
					     slot);
	}
	/* There may have been idle ones among them. */
	ksm_slot_wake_first(ksm);
}

/*
 * Take a slot's key away though there may be users, whose I/O then fails in the
 * engine. Nobody new gets in; drained, the slot can be had for another key.
 */
static void lose_slot(struct ksm *ksm, unsigned int slot)
{
	if (!claim_slot(ksm, slot) &&
	    atomic_read(&ksm->slots[slot].refs) >= 0) {
		ksm->slot_keys[slot].closed = jiffies;
		atomic_add(KSM_CLOSED, &ksm->slots[slot].refs);
	}
	unlink_key(ksm, slot);
}

/* ---- programming; under ksm->lock, with ksm_hold() ---- */

static int program_slot(struct ksm *ksm, unsigned int slot,
			const struct ksm_key *key, const struct ksm_client *via)
{
	int err;

	/* Whatever comes of it, the old key is gone from here. */
	if (ksm->slot_keys[slot].key) {
		ksm->stats.evicts++;
		trace_ksm_slot_evict(ksm, ksm->slot_keys[slot].key, slot, 0);
		unlink_key(ksm, slot);
	}
	err = ksm->ops->program(ksm, key, slot);
	trace_ksm_slot_program(ksm, key, slot, err);
	ksm->stats.programs++;
	if (err) {
		set_bad(ksm, slot, true);
		ksm->slots[slot].last_used = jiffies;
		ksm->stats.program_errors++;
		pr_err_ratelimited("%s: programming slot %u failed: %d\n",
				   ksm->name, slot, err);
		open_claimed(ksm, slot, 0);
		return err;
	}
	set_good(ksm, slot);
	link_key(ksm, slot, key, via);
	open_claimed(ksm, slot, 1);
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

/* -EAGAIN: not our turn, or all slots are busy. */
static int share_or_program(struct ksm *ksm, const struct ksm_key *key,
			    const struct ksm_client *via, bool first)
{
	int slot;

	if (ksm_is_dead(ksm))
		return -ENODEV;
	slot = find_slot(ksm, key);
	if (slot < 0)
		return first ? program_any(ksm, key, via) : -EAGAIN;
	if (!first && atomic_read(&ksm->slots[slot].refs) < 0)
		return -EAGAIN;
	reopen_slot(ksm, slot);
	trace_ksm_slot_get(ksm, key, slot);
	return slot;
}

/* ---- waiting ---- */

static void join_queue(struct ksm *ksm, struct ksm_waiter *waiter,
		       const struct ksm_key *key)
{
	ksm->stats.waits++;
	trace_ksm_slot_wait(ksm, key);
	waiter->task = current;
	spin_lock_irq(&ksm->wait_lock);
	list_add_tail(&waiter->list, &ksm->waiters);
	spin_unlock_irq(&ksm->wait_lock);
}

static void leave_queue(struct ksm *ksm, struct ksm_waiter *waiter)
{
	if (list_empty(&waiter->list))
		return;
	spin_lock_irq(&ksm->wait_lock);
	list_del_init(&waiter->list);
	spin_unlock_irq(&ksm->wait_lock);
	/* There may be another idle slot, or the same key in ours. */
	ksm_slot_wake_first(ksm);
}

static bool is_first(struct ksm *ksm, struct ksm_waiter *waiter)
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
		if (slot_idle(ksm, i))
			return true;
	}
	return false;
}

static void wait_for_turn(struct ksm *ksm, struct ksm_waiter *waiter)
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
		first = is_first(ksm, waiter);
		if (first && (!waiter->tried || any_idle(ksm)))
			break;
		if (!first)
			schedule();
		else if (!schedule_timeout(PATIENCE))
			/* To close another slot, see close_for_waiters(). */
			break;
	}
	__set_current_state(TASK_RUNNING);
}

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
		first = is_first(ksm, &waiter);
		slot = share_or_program(ksm, key, via, first);
		if (slot == -EAGAIN) {
			if (list_empty(&waiter.list))
				join_queue(ksm, &waiter, key);
			waiter.tried = first;
			close_for_waiters(ksm);
		}
		mutex_unlock(&ksm->lock);
		ksm_release(ksm);
		if (slot != -EAGAIN)
			break;
		wait_for_turn(ksm, &waiter);
	}
	leave_queue(ksm, &waiter);
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

/* ---- evicting ---- */

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
	open_claimed(ksm, slot, 0);
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
		slot = find_slot(ksm, key);
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

/* ---- the provider's side ---- */

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
		set_bad(ksm, i, false);
		if (!key)
			continue;
		err = ksm->ops->program(ksm, key, i);
		trace_ksm_slot_program(ksm, key, i, err);
		set_bad(ksm, i, err);
		if (!err)
			continue;
		pr_err_ratelimited("%s: programming slot %u again failed: %d\n",
				   ksm->name, i, err);
		ksm->stats.program_errors++;
		first = first ?: err;
		lose_slot(ksm, i);
	}
	/* One that was closed for somebody may be bad now. Wakes the first. */
	close_for_waiters(ksm);
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
	struct ksm_waiter *waiter;
	unsigned int i;

	WRITE_ONCE(ksm->dead, true);
	mutex_lock(&ksm->lock);
	for (i = 0; i < ksm->num_slots; i++) {
		if (!ksm->slot_keys[i].key)
			continue;
		if (claim_slot(ksm, i))
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

	spin_lock_irq(&ksm->wait_lock);
	list_for_each_entry(waiter, &ksm->waiters, list)
		wake_up_process(waiter->task);
	spin_unlock_irq(&ksm->wait_lock);

	/* Those who had the operations at hand. */
	down_write(&ksm->life);
	up_write(&ksm->life);
}

/**
 * ksm_slots_create() - make the slots of a new manager
 * @ksm: the keyslot manager; ksm_slots_free() frees them, also after a failure
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ksm_slots_create(struct ksm *ksm)
{
	unsigned int i, nr_heads;

	INIT_LIST_HEAD(&ksm->waiters);
	spin_lock_init(&ksm->wait_lock);
	if (!ksm->num_slots)
		return 0;

	nr_heads = 2 * roundup_pow_of_two(ksm->num_slots);
	ksm->hash_mask = nr_heads - 1;
	ksm->heads = kvcalloc(nr_heads, sizeof(*ksm->heads), GFP_KERNEL);
	ksm->slots = kvcalloc(ksm->num_slots, sizeof(*ksm->slots), GFP_KERNEL);
	ksm->slot_keys =
		kvcalloc(ksm->num_slots, sizeof(*ksm->slot_keys), GFP_KERNEL);
	if (!ksm->heads || !ksm->slots || !ksm->slot_keys)
		return -ENOMEM;
	memset(ksm->heads, -1, nr_heads * sizeof(*ksm->heads));
	for (i = 0; i < ksm->num_slots; i++)
		ksm->slot_keys[i].next = -1;
	return 0;
}

/**
 * ksm_slots_free() - free the slots
 * @ksm: the keyslot manager
 */
void ksm_slots_free(struct ksm *ksm)
{
	kvfree(ksm->heads);
	kvfree(ksm->slots);
	kvfree(ksm->slot_keys);
}
