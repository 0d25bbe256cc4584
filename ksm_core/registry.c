// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keyslot managers from birth to death, the disks that they serve, and what is
 * in use of their capabilities.
 *
 * One mutex, ksm_topology, is about all that: it is for setting things up, the
 * data path has nothing to do with it. It comes before all other locks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-integrity.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "client.h"
#include "context.h"
#include "debugfs.h"
#include "evict.h"
#include "keyslot.h"
#include "registry.h"
#include "slots.h"

static DEFINE_MUTEX(ksm_topology);
static LIST_HEAD(ksm_disks);

/* ---- managers ---- */

static void free_ksm(struct ksm *ksm)
{
	ksm_slots_free(ksm);
	mutex_destroy(&ksm->lock);
	lockdep_unregister_key(&ksm->lock_key);
	lockdep_unregister_key(&ksm->life_key);
	kfree(ksm);
}

static void release_ksm(struct kref *ref)
{
	free_ksm(container_of(ref, struct ksm, ref));
}

static bool config_valid(const struct ksm_config *config)
{
	const struct ksm_ops *ops = config->ops;

	if (!config->name || strlen(config->name) >= KSM_NAME_SIZE) {
		pr_err("a keyslot manager has no name, or one too long\n");
		return false;
	}
	if (config->num_slots > KSM_MAX_SLOTS) {
		pr_err("%s: %u slots are more than %u\n", config->name,
		       config->num_slots, KSM_MAX_SLOTS);
		return false;
	}
	if (!ops || (config->num_slots && (!ops->program || !ops->evict))) {
		pr_err("%s: operations are missing\n", config->name);
		return false;
	}
	return true;
}

/**
 * ksm_create() - make a keyslot manager
 * @config: what it is like
 *
 * All slots count as empty: the provider has cleared its hardware.
 *
 * Context: process context, may sleep.
 * Return: the manager, to be given to ksm_destroy(); or ERR_PTR(-EINVAL) or
 *	ERR_PTR(-ENOMEM).
 */
struct ksm *ksm_create(const struct ksm_config *config)
{
	struct ksm *ksm;
	int err;

	if (!config_valid(config))
		return ERR_PTR(-EINVAL);
	ksm = kzalloc(sizeof(*ksm), GFP_KERNEL);
	if (!ksm)
		return ERR_PTR(-ENOMEM);

	ksm->num_slots = config->num_slots;
	ksm->ops = config->ops;
	ksm->priv = config->priv;
	ksm->dev = config->dev;
	ksm->owner = config->owner;
	ksm->caps = config->caps;
	strscpy(ksm->name, config->name, sizeof(ksm->name));
	kref_init(&ksm->ref);
	INIT_LIST_HEAD(&ksm->clients);
	/* A class of their own: one manager's operations may use another. */
	lockdep_register_key(&ksm->lock_key);
	lockdep_register_key(&ksm->life_key);
	__mutex_init(&ksm->lock, "ksm_lock", &ksm->lock_key);
	__init_rwsem(&ksm->life, "ksm_life", &ksm->life_key);

	err = ksm_slots_create(ksm);
	if (err) {
		free_ksm(ksm);
		return ERR_PTR(err);
	}
	ksm_debugfs_add(ksm);
	return ksm;
}
EXPORT_SYMBOL_KSM(ksm_create);

/**
 * ksm_destroy() - the provider goes
 * @ksm: its manager, whose disks have all been unregistered
 *
 * Keys are evicted. When this returns no operation of the provider is running
 * or will be called; what is left serves those who still have references.
 *
 * Context: process context, may sleep.
 */
void ksm_destroy(struct ksm *ksm)
{
	WARN_ON(ksm->nr_disks);
	ksm_debugfs_remove(ksm);
	ksm_slots_shut(ksm);
	/* Somebody may be in its get_caps. */
	mutex_lock(&ksm_topology);
	mutex_unlock(&ksm_topology);
	kref_put(&ksm->ref, release_ksm);
}
EXPORT_SYMBOL_KSM(ksm_destroy);

/**
 * ksm_priv() - the provider's pointer
 * @ksm: the keyslot manager
 *
 * Context: any context.
 * Return: &ksm_config.priv.
 */
void *ksm_priv(const struct ksm *ksm)
{
	return ksm->priv;
}
EXPORT_SYMBOL_KSM(ksm_priv);

/**
 * ksm_name() - the name of a keyslot manager
 * @ksm: the keyslot manager
 *
 * Context: any context.
 * Return: &ksm_config.name.
 */
const char *ksm_name(const struct ksm *ksm)
{
	return ksm->name;
}
EXPORT_SYMBOL_KSM(ksm_name);

/**
 * ksm_num_slots() - how many slots there are
 * @ksm: the keyslot manager
 *
 * Context: any context.
 * Return: &ksm_config.num_slots.
 */
unsigned int ksm_num_slots(const struct ksm *ksm)
{
	return ksm->num_slots;
}
EXPORT_SYMBOL_KSM(ksm_num_slots);

/* ---- disks ---- */

static void release_disk(struct kref *ref)
{
	struct ksm_disk *kd = container_of(ref, struct ksm_disk, ref);

	kref_put(&kd->ksm->ref, release_ksm);
	kfree(kd);
}

static struct ksm_disk *find_disk(const struct gendisk *disk)
{
	struct ksm_disk *kd;

	lockdep_assert_held(&ksm_topology);
	list_for_each_entry(kd, &ksm_disks, list) {
		if (kd->disk == disk)
			return kd;
	}
	return NULL;
}

/**
 * ksm_register() - tell that a disk has a keyslot manager
 * @ksm: the manager; several disks may have the same one
 * @disk: the disk, whose requests the provider is going to look up from now on
 *	(ksm_request_crypt(), ksm_bio_crypt())
 *
 * Context: process context, may sleep.
 * Return: 0; -EEXIST if the disk has a manager; -ENOMEM.
 */
int ksm_register(struct ksm *ksm, struct gendisk *disk)
{
	struct ksm_disk *kd = kzalloc(sizeof(*kd), GFP_KERNEL);
	int err = 0;

	if (!kd)
		return -ENOMEM;
	kref_init(&kd->ref);
	kd->ksm = ksm;
	kd->disk = disk;

	mutex_lock(&ksm_topology);
	if (find_disk(disk)) {
		err = -EEXIST;
		kfree(kd);
	} else {
		kref_get(&ksm->ref);
		ksm->nr_disks++;
		list_add(&kd->list, &ksm_disks);
	}
	mutex_unlock(&ksm_topology);
	return err;
}
EXPORT_SYMBOL_KSM(ksm_register);

/* What waits for the disk to be thawed goes on, or fails if it has gone. */
static void submit_waiting(struct ksm_disk *kd)
{
	struct ksm_client *client;

	list_for_each_entry(client, &kd->ksm->clients, list) {
		if (client->disk == kd)
			ksm_client_thaw(client);
	}
}

/**
 * ksm_freeze() - let no bio have a context for a disk for a while
 * @ksm: its manager, which has no slots
 * @disk: the disk
 *
 * For providers that forward, before they change the way to the devices below.
 * Bios that have a context are waited for; new ones wait for ksm_thaw() or
 * ksm_unregister(). So none with a context is waiting in the disk's queue, to
 * be sent down by something that does not know of it. May be called again.
 *
 * Context: process context, may sleep, and the disk completes bios.
 */
void ksm_freeze(struct ksm *ksm, struct gendisk *disk)
{
	struct ksm_disk *kd;

	mutex_lock(&ksm_topology);
	kd = find_disk(disk);
	if (!WARN_ON(!kd || kd->ksm != ksm || ksm->num_slots))
		WRITE_ONCE(kd->state, KSM_DISK_FROZEN);
	mutex_unlock(&ksm_topology);
	ksm_ctx_drain(disk);
}
EXPORT_SYMBOL_KSM(ksm_freeze);

/**
 * ksm_thaw() - undo ksm_freeze()
 * @ksm: its manager
 * @disk: the disk; may be thawed already
 *
 * Submits the bios that have been waiting.
 *
 * Context: process context, may sleep.
 */
void ksm_thaw(struct ksm *ksm, struct gendisk *disk)
{
	struct ksm_disk *kd;

	mutex_lock(&ksm_topology);
	kd = find_disk(disk);
	if (!WARN_ON(!kd || kd->ksm != ksm) && kd->state == KSM_DISK_FROZEN) {
		WRITE_ONCE(kd->state, KSM_DISK_OPEN);
		submit_waiting(kd);
	}
	mutex_unlock(&ksm_topology);
}
EXPORT_SYMBOL_KSM(ksm_thaw);

/**
 * ksm_unregister() - the disk has no keyslot manager any more
 * @ksm: the manager
 * @disk: the disk, for which ksm_register() succeeded
 *
 * From now on no bio gets a context for the disk. Those that have one are
 * waited for, since without the provider's attention their data would go down
 * as it is: the disk must be able to complete them, with errors if need be.
 *
 * Context: process context, may sleep.
 */
void ksm_unregister(struct ksm *ksm, struct gendisk *disk)
{
	struct ksm_disk *kd;

	mutex_lock(&ksm_topology);
	kd = find_disk(disk);
	if (WARN_ON(!kd || kd->ksm != ksm)) {
		mutex_unlock(&ksm_topology);
		return;
	}
	list_del(&kd->list);
	ksm->nr_disks--;
	WRITE_ONCE(kd->state, KSM_DISK_GONE);
	submit_waiting(kd);
	mutex_unlock(&ksm_topology);

	ksm_ctx_drain(disk);
	kref_put(&kd->ref, release_disk);
}
EXPORT_SYMBOL_KSM(ksm_unregister);

static struct ksm *get_ksm(struct ksm *ksm)
{
	if (!try_module_get(ksm->owner))
		return NULL;
	kref_get(&ksm->ref);
	return ksm;
}

/**
 * ksm_get() - the keyslot manager of a block device
 * @bdev: a whole disk or a partition
 *
 * Its module cannot be unloaded before ksm_put(). Its hardware may go at any
 * time nevertheless.
 *
 * Context: process context, may sleep.
 * Return: the manager, or NULL if there is none.
 */
struct ksm *ksm_get(struct block_device *bdev)
{
	struct ksm *ksm = NULL;
	struct ksm_disk *kd;

	mutex_lock(&ksm_topology);
	kd = find_disk(bdev->bd_disk);
	if (kd)
		ksm = get_ksm(kd->ksm);
	mutex_unlock(&ksm_topology);
	return ksm;
}
EXPORT_SYMBOL_KSM(ksm_get);

/**
 * ksm_put() - give back what ksm_get() gave
 * @ksm: the keyslot manager
 *
 * Context: process context, may sleep.
 */
void ksm_put(struct ksm *ksm)
{
	struct module *owner = ksm->owner;

	kref_put(&ksm->ref, release_ksm);
	module_put(owner);
}
EXPORT_SYMBOL_KSM(ksm_put);

/* ---- capabilities, and what is in use of them ---- */

static void current_caps(struct ksm *ksm, struct ksm_caps *caps)
{
	lockdep_assert_held(&ksm_topology);
	*caps = ksm->caps;
	if (ksm->ops->get_caps && !ksm_is_dead(ksm))
		ksm->ops->get_caps(ksm, caps);
}

/*
 * A disk with checksums of its own gets them from the block layer, which would
 * make them of the data that is still to be encrypted.
 */
static void disk_caps(const struct ksm_disk *kd, struct ksm_caps *caps)
{
	if (blk_get_integrity(kd->disk))
		memset(caps, 0, sizeof(*caps));
	else
		current_caps(kd->ksm, caps);
}

/* What those above use, through however many levels. */
static void add_needed(struct ksm *ksm, struct ksm_caps *needed)
{
	struct ksm_client *client;

	lockdep_assert_held(&ksm_topology);
	list_for_each_entry(client, &ksm->clients, list) {
		if (client->upper)
			add_needed(client->upper, needed);
		else
			ksm_caps_add(needed, &client->need);
	}
}

/**
 * ksm_get_caps() - what a keyslot manager can do at present
 * @ksm: the keyslot manager
 * @caps: set to its capabilities
 *
 * Context: process context, may sleep. Not from &ksm_ops.get_caps, which has
 *	ksm_client_caps().
 */
void ksm_get_caps(struct ksm *ksm, struct ksm_caps *caps)
{
	mutex_lock(&ksm_topology);
	current_caps(ksm, caps);
	mutex_unlock(&ksm_topology);
}
EXPORT_SYMBOL_KSM(ksm_get_caps);

/**
 * ksm_change_caps() - change what a keyslot manager can do
 * @ksm: the keyslot manager
 * @change: does it, or refuses to and returns a negative errno if it would take
 *	away some of @needed, which is in use by those above; may use
 *	ksm_client_caps()
 * @arg: for @change
 *
 * Nobody begins to use something, here or above or below, while @change runs.
 *
 * Context: process context, may sleep.
 * Return: what @change returns.
 */
int ksm_change_caps(struct ksm *ksm,
		    int (*change)(struct ksm *ksm,
				  const struct ksm_caps *needed, void *arg),
		    void *arg)
{
	struct ksm_caps needed = {};
	int err;

	mutex_lock(&ksm_topology);
	add_needed(ksm, &needed);
	err = change(ksm, &needed, arg);
	mutex_unlock(&ksm_topology);
	return err;
}
EXPORT_SYMBOL_KSM(ksm_change_caps);

/**
 * ksm_client_caps() - what the keyslot manager below a client can do
 * @client: the client
 * @caps: set to its capabilities
 *
 * Context: within &ksm_ops.get_caps or the callback of ksm_change_caps() only.
 */
void ksm_client_caps(struct ksm_client *client, struct ksm_caps *caps)
{
	if (READ_ONCE(client->disk->state) == KSM_DISK_GONE)
		memset(caps, 0, sizeof(*caps));
	else
		disk_caps(client->disk, caps);
}
EXPORT_SYMBOL_KSM(ksm_client_caps);

/*
 * Whether @ksm, and what is above it, can be above @below, which has @depth - 1
 * levels itself. Tables of device mapper can be made to form a loop.
 */
static bool stack_fits(const struct ksm *ksm, const struct ksm *below,
		       unsigned int depth)
{
	struct ksm_client *client;

	if (ksm == below || depth > KSM_MAX_DEPTH)
		return false;
	list_for_each_entry(client, &ksm->clients, list) {
		if (client->upper &&
		    !stack_fits(client->upper, below, depth + 1))
			return false;
	}
	return true;
}

/* Only upwards: a level that has gone from below still counts. */
static void raise_stack(struct ksm *ksm, unsigned int depth)
{
	struct ksm_client *client;

	if (ksm->depth >= depth)
		return;
	ksm->depth = depth;
	list_for_each_entry(client, &ksm->clients, list) {
		if (client->upper)
			raise_stack(client->upper, depth + 1);
	}
}

/**
 * ksm_client_join() - connect a new client with the manager of its device
 * @client: the client
 * @bdev: the device
 * @need: what it is going to use, NULL for one that only forwards
 *
 * Context: process context, may sleep.
 * Return: 0; -ENODEV if the device has no keyslot manager; -EOPNOTSUPP if that
 *	cannot do what is needed; -ELOOP if there are too many levels.
 */
int ksm_client_join(struct ksm_client *client, struct block_device *bdev,
		    const struct ksm_caps *need)
{
	struct ksm_disk *kd;
	struct ksm_caps caps;
	int err = -ENODEV;

	mutex_lock(&ksm_topology);
	kd = find_disk(bdev->bd_disk);
	if (!kd)
		goto out;
	if (need) {
		disk_caps(kd, &caps);
		if (!ksm_caps_superset(&caps, need)) {
			err = -EOPNOTSUPP;
			goto out;
		}
		client->need = *need;
	}
	if (client->upper &&
	    !stack_fits(client->upper, kd->ksm, kd->ksm->depth + 1)) {
		err = -ELOOP;
		goto out;
	}
	client->ksm = get_ksm(kd->ksm);
	if (!client->ksm)
		goto out;
	kref_get(&kd->ref);
	client->disk = kd;
	list_add(&client->list, &kd->ksm->clients);
	if (client->upper)
		raise_stack(client->upper, kd->ksm->depth + 1);
	err = 0;
out:
	mutex_unlock(&ksm_topology);
	return err;
}

static struct ksm_client *find_heir(const struct ksm_client *client)
{
	struct ksm_client *other;

	if (!client->upper)
		return NULL;
	list_for_each_entry(other, &client->ksm->clients, list) {
		if (other->upper == client->upper)
			return other;
	}
	return NULL;
}

/**
 * ksm_client_leave() - undo ksm_client_join()
 * @client: the client, which has no I/O under way
 *
 * Context: process context, may sleep.
 */
void ksm_client_leave(struct ksm_client *client)
{
	/* The heir must not leave before it has inherited. */
	mutex_lock(&ksm_topology);
	list_del(&client->list);
	ksm_slots_leave(client->ksm, client, find_heir(client));
	mutex_unlock(&ksm_topology);

	kref_put(&client->disk->ref, release_disk);
	ksm_put(client->ksm);
}
