/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keyslot managers, as ksm_core sees them.
 */
#ifndef _KSM_CORE_KEYSLOT_H
#define _KSM_CORE_KEYSLOT_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include <ksm/context.h>
#include <ksm/keyslot.h>

struct dentry;

/* Most levels of managers that forward on each other; walks are recursive. */
#define KSM_MAX_DEPTH 8

/*
 * Added to a slot's count of references: nobody gets new ones. A slot that has
 * just this is closed and idle.
 */
#define KSM_CLOSED (-(1 << 30))

/**
 * struct ksm_slot - the part of a slot that every I/O writes to
 * @refs: references, plus KSM_CLOSED
 * @last_used: jiffies when a reference was last given back
 */
struct ksm_slot {
	atomic_t refs;
	unsigned long last_used;
} ____cacheline_aligned_in_smp;

/**
 * struct ksm_slot_key - the part of a slot that changes with its key
 * @key: the key, NULL if the slot is empty; never dereferenced without
 *	struct ksm's lock
 * @next: next slot of the same hash value, -1 at the end
 * @via: the client that had the key programmed
 * @since: number of programming operations before this one
 * @closed: jiffies when the slot was closed while it was in use
 * @bad: the hardware refused to program the slot when it was last tried
 *
 * Written under struct ksm's lock and only while the slot is closed and idle
 * (but @via and @closed). Read without, see ksm_slot_try_get().
 */
struct ksm_slot_key {
	const struct ksm_key *key;
	int next;
	const struct ksm_client *via;
	u64 since;
	unsigned long closed;
	bool bad;
};

/**
 * struct ksm_stats - counters of a keyslot manager, under its lock
 * @programs: keys programmed
 * @program_errors: attempts that failed
 * @evicts: keys evicted, on request or for another key
 * @evict_errors: evictions of which the hardware reported an error
 * @waits: times that somebody had to wait for a slot
 * @reprograms: times that all slots were programmed again
 */
struct ksm_stats {
	u64 programs;
	u64 program_errors;
	u64 evicts;
	u64 evict_errors;
	u64 waits;
	u64 reprograms;
};

/**
 * struct ksm - a keyslot manager
 * @num_slots: number of slots
 * @hash_mask: number of @heads, less one
 * @dead: the provider goes or has gone: nobody gets a slot any more
 * @heads: first slot of each hash value, -1 if there is none
 * @slots: the slots
 * @slot_keys: their keys
 * @waiters: tasks that wait for a slot, first come first served; under
 *	@wait_lock, tested without
 * @wait_lock: protects @waiters
 * @ops: the provider's operations
 * @priv: the provider's
 * @dev: the device to resume for @ops
 * @owner: the provider's module
 * @name: for people
 * @caps: the constant capabilities
 * @ref: references
 * @lock: serializes @ops and everything about which key is where
 * @life: held for reading while @ops are used; writing ends that for good
 * @ops_gone: @ops are not to be used any more
 * @nr_bad: slots that are bad
 * @lock_key: lockdep class of @lock: managers stack
 * @life_key: lockdep class of @life
 * @stats: counters
 * @clients: who submits to its disks, under ksm_topology
 * @nr_disks: registered disks, under ksm_topology
 * @depth: levels of managers below, under ksm_topology
 * @debugfs: its folder
 */
struct ksm {
	/* Read by every I/O. */
	unsigned int num_slots;
	unsigned int hash_mask;
	bool dead;
	int *heads;
	struct ksm_slot *slots;
	struct ksm_slot_key *slot_keys;
	struct list_head waiters;

	spinlock_t wait_lock ____cacheline_aligned_in_smp; /* see above */
	const struct ksm_ops *ops;
	void *priv;
	struct device *dev;
	struct module *owner;
	char name[KSM_NAME_SIZE];
	struct ksm_caps caps;
	struct kref ref;
	struct mutex lock; /* see above */
	struct rw_semaphore life;
	bool ops_gone;
	unsigned int nr_bad;
	struct lock_class_key lock_key;
	struct lock_class_key life_key;
	struct ksm_stats stats;
	struct list_head clients;
	unsigned int nr_disks;
	unsigned int depth;
	struct dentry *debugfs;
};

static inline bool ksm_is_dead(const struct ksm *ksm)
{
	return READ_ONCE(ksm->dead);
}

int ksm_slot_search_chain(struct ksm *ksm, const struct ksm_key *key, int slot);
int ksm_slot_get_via(struct ksm *ksm, const struct ksm_key *key,
		     const struct ksm_client *via);

#endif /* _KSM_CORE_KEYSLOT_H */
