/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_core: keyslot managers, for drivers of inline encryption engines and for
 * layers that only forward (no slots).
 *
 * docs/driver-guide.md shows how to use it, with tests/modules/ksm_sim as the
 * worked example.
 */
#ifndef _KSM_KEYSLOT_H
#define _KSM_KEYSLOT_H

#include <linux/types.h>

#include <ksm/core.h>

struct block_device;
struct device;
struct gendisk;
struct ksm;
struct module;

/* Longest name of a keyslot manager, with its end. */
#define KSM_NAME_SIZE 32
/* Most slots that a keyslot manager may have. */
#define KSM_MAX_SLOTS 256
/* The slot number where there are no slots. */
#define KSM_NO_SLOT   UINT_MAX

/**
 * struct ksm_ops - what a provider does for its keyslot manager
 * @program: put @key into slot @slot of the hardware, in place of whatever is
 *	there. 0 or a negative errno; after an error the slot counts as empty.
 *	Not needed without slots.
 * @evict: make the hardware forget @key; @slot is its slot, or KSM_NO_SLOT if
 *	there are no slots. It may be called for keys that were never used.
 *	0 or a negative errno; the slot counts as empty in either case. @key may
 *	be about to be freed: it must not be kept. Required if there are slots.
 * @hold: called before the others without any lock of the keyslot manager, and
 *	may wait until the hardware can be reached (clocks, a reset under way).
 *	0 or a negative errno, which fails the operation. Optional.
 * @release: called after them, once for each successful @hold. Optional.
 * @evict_idle: for providers that forward: evict all keys that came this way and
 *	are not in use, with ksm_client_evict_idle() for each client. Optional.
 * @get_caps: for providers whose capabilities depend on devices below. Called
 *	with the topology locked; may use ksm_client_caps(). A lock that it
 *	takes must not be held while opening or closing clients, changing
 *	capabilities or registering disks, which lock the topology. Replaces the constant ones of
 *	struct ksm_config. Optional.
 *
 * All may sleep, under GFP_NOIO: I/O is waiting for them. @program, @evict
 * and @evict_idle are serialized. None is called any more after ksm_destroy() has
 * begun to return, or, for an engine that lost power, after it failed.
 */
struct ksm_ops {
	int (*program)(struct ksm *ksm, const struct ksm_key *key,
		       unsigned int slot);
	int (*evict)(struct ksm *ksm, const struct ksm_key *key,
		     unsigned int slot);
	void (*evict_idle)(struct ksm *ksm);
	int (*hold)(struct ksm *ksm);
	void (*release)(struct ksm *ksm);
	void (*get_caps)(struct ksm *ksm, struct ksm_caps *caps);
};

/**
 * struct ksm_config - what a provider says of its keyslot manager
 * @name: its name in logs and debugfs, copied, less than KSM_NAME_SIZE long;
 *	unique among those alive
 * @ops: its operations
 * @owner: the module which must not be unloaded while somebody uses it
 * @dev: resumed (runtime PM) around @ops, or NULL
 * @num_slots: keyslots, at most KSM_MAX_SLOTS; 0 for layers that only forward,
 *	and for engines that take a key with every request
 * @caps: what the engine can do
 * @priv: for the provider, see ksm_priv()
 */
struct ksm_config {
	const char *name;
	const struct ksm_ops *ops;
	struct module *owner;
	struct device *dev;
	unsigned int num_slots;
	struct ksm_caps caps;
	void *priv;
};

/* For providers. */
struct ksm *ksm_create(const struct ksm_config *config);
void ksm_destroy(struct ksm *ksm);
void *ksm_priv(const struct ksm *ksm);
int ksm_register(struct ksm *ksm, struct gendisk *disk);
void ksm_unregister(struct ksm *ksm, struct gendisk *disk);
void ksm_freeze(struct ksm *ksm, struct gendisk *disk);
void ksm_thaw(struct ksm *ksm, struct gendisk *disk);
int ksm_reprogram_all(struct ksm *ksm);
int ksm_change_caps(struct ksm *ksm,
		    int (*change)(struct ksm *ksm,
				  const struct ksm_caps *needed, void *arg),
		    void *arg);

/* For everybody. */
struct ksm *ksm_get(struct block_device *bdev);
void ksm_put(struct ksm *ksm);
const char *ksm_name(const struct ksm *ksm);
unsigned int ksm_num_slots(const struct ksm *ksm);
void ksm_get_caps(struct ksm *ksm, struct ksm_caps *caps);
int ksm_evict_key(struct ksm *ksm, const struct ksm_key *key);

/* Slots by themselves. Submitters of bios use <ksm/context.h>. */
int ksm_slot_try_get(struct ksm *ksm, const struct ksm_key *key);
int ksm_slot_get(struct ksm *ksm, const struct ksm_key *key);
void ksm_slot_dup(struct ksm *ksm, unsigned int slot);
void ksm_slot_put(struct ksm *ksm, unsigned int slot);

#endif /* _KSM_KEYSLOT_H */
