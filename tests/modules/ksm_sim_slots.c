// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim, the hardware: keyslots.
 *
 * Each slot has a cipher for every mode from the start, so that nothing needs to
 * be allocated but what setting a key may allocate by itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/skcipher.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ksm_sim.h"

/* Not for I/O that memory may be waiting for. */
#define EXCLUDED_ALGS \
	(CRYPTO_ALG_ALLOCATES_MEMORY | CRYPTO_ALG_KERN_DRIVER_ONLY)

/* ---- one slot ---- */

/* I/O waits for the key: allocations may not wait for I/O. */
static int set_key(struct crypto_skcipher *tfm, const u8 *raw,
		   unsigned int size)
{
	unsigned int flags = memalloc_noio_save();
	int err = crypto_skcipher_setkey(tfm, raw, size);

	memalloc_noio_restore(flags);
	return err;
}

/* A cipher cannot be without a key, so it forgets one by learning another. */
static void slot_wipe(struct ksm_sim_hw *hw, struct ksm_sim_slot *slot)
{
	const struct ksm_mode *mode = slot->mode;
	u8 raw[KSM_MAX_KEY_SIZE];

	if (!mode)
		return;
	WRITE_ONCE(slot->mode, NULL);
	if (!hw->real)
		return;
	get_random_bytes(raw, sizeof(raw));
	if (set_key(slot->tfm[mode->id], raw, mode->key_size))
		pr_err("%s: a key may still be in memory\n", hw->name);
	memzero_explicit(raw, sizeof(raw));
}

static int slot_load(struct ksm_sim_hw *hw, struct ksm_sim_slot *slot,
		     const struct ksm_key *key)
{
	u8 raw[KSM_MAX_KEY_SIZE];
	int err;

	slot_wipe(hw, slot);
	if (hw->real) {
		memcpy(raw, key->raw, key->size);
		if (READ_ONCE(hw->wrong_key))
			raw[0] ^= 1;
		err = set_key(slot->tfm[key->mode->id], raw, key->size);
		memzero_explicit(raw, sizeof(raw));
		if (err)
			return err;
	}
	slot->unit = key->data_unit_size;
	slot->key_id = key->id;
	/* Last: who sees this may look without the lock. */
	WRITE_ONCE(slot->mode, key->mode);
	return 0;
}

static bool key_is_good(struct ksm_sim_hw *hw, const struct ksm_key *key)
{
	if (key->size == key->mode->key_size &&
	    ksm_caps_support(&hw->caps, key->mode, key->data_unit_size,
			     key->dun_bytes))
		return true;
	ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
	return false;
}

/* ---- the slots, for the driver's slow path ---- */

static int check_reachable(struct ksm_sim_hw *hw)
{
	if (READ_ONCE(hw->gone))
		return -ENODEV;
	if (READ_ONCE(hw->suspended)) {
		ksm_sim_count(hw->stats, KSM_SIM_UNPOWERED);
		pr_warn("%s: keyslots used without power\n", hw->name);
		return -EIO;
	}
	return 0;
}

static bool program_refused(const struct ksm_sim_hw *hw, unsigned int nr)
{
	u64 mask = READ_ONCE(hw->refuse_program);

	return mask == U64_MAX || (nr < 64 && mask & BIT_ULL(nr));
}

/**
 * ksm_sim_hw_program() - put a key into a slot, in place of what is there
 * @hw: the hardware
 * @nr: number of the slot
 * @key: the key
 *
 * Return: 0 or a negative errno; the slot is then empty, unless the hardware
 *	cannot be reached.
 */
int ksm_sim_hw_program(struct ksm_sim_hw *hw, unsigned int nr,
		       const struct ksm_key *key)
{
	struct ksm_sim_slot *slot;
	int err;

	fsleep(READ_ONCE(hw->program_delay_us));
	err = check_reachable(hw);
	if (err)
		return err;
	if (nr >= hw->num_slots) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		return -EINVAL;
	}
	slot = &hw->slots[nr];
	down_write(&slot->lock);
	slot_wipe(hw, slot);
	if (!key_is_good(hw, key))
		err = -EINVAL;
	else if (program_refused(hw, nr))
		err = -EIO;
	else
		err = slot_load(hw, slot, key);
	up_write(&slot->lock);
	if (!err)
		ksm_sim_count(hw->stats, KSM_SIM_PROGRAMS);
	return err;
}

/**
 * ksm_sim_hw_evict() - empty a slot
 * @hw: the hardware
 * @nr: number of the slot
 * @key: the key that should be in it, if there is one
 *
 * Return: 0 or a negative errno.
 */
int ksm_sim_hw_evict(struct ksm_sim_hw *hw, unsigned int nr,
		     const struct ksm_key *key)
{
	struct ksm_sim_slot *slot;
	int err;

	err = check_reachable(hw);
	if (err)
		return err;
	ksm_sim_count(hw->stats, KSM_SIM_EVICTS);
	if (!hw->num_slots)
		/* Keys do not stay longer than their requests. */
		return READ_ONCE(hw->refuse_evict) ? -EIO : 0;
	if (nr >= hw->num_slots) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		return -EINVAL;
	}
	slot = &hw->slots[nr];
	down_write(&slot->lock);
	if (slot->mode && slot->key_id != key->id) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		err = -EINVAL;
	} else {
		slot_wipe(hw, slot);
	}
	up_write(&slot->lock);
	if (READ_ONCE(hw->refuse_evict))
		err = -EIO;
	return err;
}

/**
 * ksm_sim_hw_reset() - forget all keys
 * @hw: the hardware
 *
 * Waits for requests that are using them.
 */
void ksm_sim_hw_reset(struct ksm_sim_hw *hw)
{
	unsigned int i;

	for (i = 0; i < hw->num_slots; i++) {
		down_write(&hw->slots[i].lock);
		slot_wipe(hw, &hw->slots[i]);
		up_write(&hw->slots[i].lock);
	}
}

/* ---- the slots, for requests ---- */

static struct ksm_sim_slot *begin_own_key(struct ksm_sim_hw *hw,
					  const struct ksm_key *key)
{
	struct ksm_sim_slot *slot = &hw->slots[0];
	int err;

	if (!key_is_good(hw, key))
		return ERR_PTR(-EINVAL);
	down_write(&slot->lock);
	err = slot_load(hw, slot, key);
	if (!err)
		return slot;
	up_write(&slot->lock);
	return ERR_PTR(err);
}

/**
 * ksm_sim_hw_begin() - begin to use a slot's key
 * @hw: the hardware
 * @nr: number of the slot
 * @key: the key, only looked at if there are no slots
 *
 * Return: the slot, to be given to ksm_sim_hw_end(); or an ERR_PTR() if it is
 *	empty.
 */
struct ksm_sim_slot *ksm_sim_hw_begin(struct ksm_sim_hw *hw, unsigned int nr,
				      const struct ksm_key *key)
{
	struct ksm_sim_slot *slot;

	if (!hw->num_slots)
		return begin_own_key(hw, key);
	if (nr >= hw->num_slots) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		return ERR_PTR(-EINVAL);
	}
	slot = &hw->slots[nr];
	down_read(&slot->lock);
	if (slot->mode)
		return slot;
	up_read(&slot->lock);
	ksm_sim_count(hw->stats, KSM_SIM_EMPTY_SLOT);
	return ERR_PTR(-EIO);
}

/**
 * ksm_sim_hw_end() - end the use of a slot's key
 * @hw: the hardware
 * @slot: the slot
 */
void ksm_sim_hw_end(struct ksm_sim_hw *hw, struct ksm_sim_slot *slot)
{
	if (hw->num_slots) {
		up_read(&slot->lock);
		return;
	}
	slot_wipe(hw, slot);
	up_write(&slot->lock);
}

/**
 * ksm_sim_hw_has_key() - does a slot have a key at this moment?
 * @hw: the hardware
 * @nr: number of the slot, ignored if there are no slots
 *
 * Context: any.
 * Return: true if it does, or if there are no slots.
 */
bool ksm_sim_hw_has_key(struct ksm_sim_hw *hw, unsigned int nr)
{
	if (!hw->num_slots)
		return true;
	if (nr >= hw->num_slots) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		return false;
	}
	if (READ_ONCE(hw->slots[nr].mode))
		return true;
	ksm_sim_count(hw->stats, KSM_SIM_EMPTY_SLOT);
	return false;
}

/* ---- construction ---- */

static int slot_init(struct ksm_sim_hw *hw, struct ksm_sim_slot *slot)
{
	struct crypto_skcipher *tfm;
	int id;

	for (id = 0; hw->real && id < KSM_MODE_COUNT; id++) {
		if (!hw->caps.data_unit_sizes[id])
			continue;
		tfm = crypto_alloc_skcipher(ksm_mode_get(id)->capi_name, 0,
					    EXCLUDED_ALGS);
		if (IS_ERR(tfm))
			return PTR_ERR(tfm);
		slot->tfm[id] = tfm;
		hw->req_size = max(hw->req_size, crypto_skcipher_reqsize(tfm));
	}
	return 0;
}

/* The capabilities: the modes asked for, as far as the kernel has them. */
static int find_modes(struct ksm_sim_hw *hw,
		      const struct ksm_sim_params *params)
{
	const struct ksm_mode *mode;
	unsigned long id;
	bool has;

	hw->caps.max_dun_bytes = params->dun_bytes;
	for_each_set_bit(id, &params->modes, KSM_MODE_COUNT) {
		mode = ksm_mode_get(id);
		has = !hw->real ||
		      crypto_has_skcipher(mode->capi_name, 0, EXCLUDED_ALGS);
		if (has) {
			hw->caps.data_unit_sizes[id] = params->units;
		} else if (!params->all_modes) {
			pr_err("modes=%s: not in this kernel\n", mode->name);
			return -ENOENT;
		}
	}
	return 0;
}

/**
 * ksm_sim_hw_init() - make the hardware
 * @hw: memory for it, zeroed, with name and stats
 * @params: its parameters
 *
 * Return: 0 or a negative errno; ksm_sim_hw_exit() is needed in either case.
 */
int ksm_sim_hw_init(struct ksm_sim_hw *hw, const struct ksm_sim_params *params)
{
	unsigned int count = params->slots ?: 1;
	unsigned int i;
	int err;

	hw->real = params->real;
	hw->num_slots = params->slots;
	hw->size = params->size;
	err = find_modes(hw, params);
	if (err)
		return err;
	hw->ram = vzalloc(hw->size);
	hw->slots = kvcalloc(count, sizeof(*hw->slots), GFP_KERNEL);
	if (!hw->ram || !hw->slots)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		init_rwsem(&hw->slots[i].lock);
	for (i = 0; !err && i < count; i++)
		err = slot_init(hw, &hw->slots[i]);
	return err;
}

/**
 * ksm_sim_hw_exit() - free the hardware and the keys in it
 * @hw: the hardware
 */
void ksm_sim_hw_exit(struct ksm_sim_hw *hw)
{
	unsigned int count = hw->num_slots ?: 1;
	unsigned int i, id;

	for (i = 0; hw->slots && i < count; i++) {
		for (id = 0; id < KSM_MODE_COUNT; id++)
			crypto_free_skcipher(hw->slots[i].tfm[id]);
	}
	kvfree(hw->slots);
	vfree(hw->ram);
}
