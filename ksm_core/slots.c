// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of slots: which key is in which, and which the hardware refuses.
 * All under struct ksm's lock; see slot_get.h for those who read it without.
 */
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "slot_get.h"
#include "slots.h"

/**
 * ksm_slot_link() - a slot has a key now
 * @ksm: the keyslot manager, locked
 * @slot: the slot, claimed and without a key
 * @key: the key
 * @via: the client that wanted it there, or NULL
 */
void ksm_slot_link(struct ksm *ksm, unsigned int slot,
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

/**
 * ksm_slot_unlink() - a slot has no key any more
 * @ksm: the keyslot manager, locked
 * @slot: the slot, which has a key
 */
void ksm_slot_unlink(struct ksm *ksm, unsigned int slot)
{
	struct ksm_slot_key *sk = &ksm->slot_keys[slot];
	int *link = ksm_chain_head(ksm, sk->key);

	while (*link != slot)
		link = &ksm->slot_keys[*link].next;
	WRITE_ONCE(*link, sk->next);
	WRITE_ONCE(sk->key, NULL);
	sk->via = NULL;
}

/**
 * ksm_slot_find() - the slot that has a key
 * @ksm: the keyslot manager, locked
 * @key: the key
 *
 * Return: the slot, closed or not, or -1.
 */
int ksm_slot_find(struct ksm *ksm, const struct ksm_key *key)
{
	int slot = *ksm_chain_head(ksm, key);

	while (slot >= 0 && ksm->slot_keys[slot].key != key)
		slot = ksm->slot_keys[slot].next;
	return slot;
}

/**
 * ksm_slot_set_bad() - note whether the hardware has refused to program a slot
 * @ksm: the keyslot manager, locked
 * @slot: the slot
 * @bad: it has
 */
void ksm_slot_set_bad(struct ksm *ksm, unsigned int slot, bool bad)
{
	struct ksm_slot_key *sk = &ksm->slot_keys[slot];

	if (sk->bad == bad)
		return;
	WRITE_ONCE(sk->bad, bad);
	WRITE_ONCE(ksm->nr_bad, bad ? ksm->nr_bad + 1 : ksm->nr_bad - 1);
}

/**
 * ksm_slot_set_good() - a slot could be programmed
 * @ksm: the keyslot manager, locked
 * @slot: the slot
 *
 * If all of them were bad it was not the slots: then the others are tried, too.
 */
void ksm_slot_set_good(struct ksm *ksm, unsigned int slot)
{
	unsigned int i;

	if (ksm->nr_bad < ksm->num_slots) {
		ksm_slot_set_bad(ksm, slot, false);
		return;
	}
	for (i = 0; i < ksm->num_slots; i++)
		ksm_slot_set_bad(ksm, i, false);
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
