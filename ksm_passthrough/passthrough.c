// SPDX-License-Identifier: GPL-2.0-only
/*
 * One keyslot manager without slots for each stacked disk.
 *
 * Locks, in the order in which they are taken:
 *
 * 1. passthroughs_lock: which passthroughs there are, and their users
 * 2. ksm_core's topology mutex (register, client open and close, change caps)
 * 3. lock of a passthrough: its members. Then those of passthroughs below it.
 *
 * Evicting takes 3 under the mutex of the passthrough's keyslot manager, and
 * under it the mutexes of those below.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <ksm/context.h>
#include <ksm/keyslot.h>
#include <ksm/passthrough.h>

/**
 * struct ksm_passthrough - the keyslot manager of one stacked disk
 * @node: in the list of all
 * @disk: the disk
 * @ksm: its keyslot manager
 * @users: who got it; under passthroughs_lock
 * @lock: protects the rest
 * @lock_key: passthroughs nest, and so do their locks
 * @members: devices below, of all sets
 * @active: the set that defines the capabilities, NULL for none
 */
struct ksm_passthrough {
	struct list_head node;
	struct gendisk *disk;
	struct ksm *ksm;
	unsigned int users;
	struct mutex lock; /* see above */
	struct lock_class_key lock_key;
	struct list_head members;
	const void *active;
};

/**
 * struct ksm_passthrough_member - a device below, in one set
 * @node: in its passthrough's list
 * @pt: the passthrough
 * @set: the set
 * @bdev: the device
 * @client: for its keyslot manager, NULL if it has none
 * @segments: number of segments of the set that lie on the device
 * @data_unit_sizes: mask of the sizes of which no segment cuts one in two
 */
struct ksm_passthrough_member {
	struct list_head node;
	struct ksm_passthrough *pt;
	const void *set;
	struct block_device *bdev;
	struct ksm_client *client;
	unsigned int segments;
	u32 data_unit_sizes;
};

static LIST_HEAD(passthroughs);
static DEFINE_MUTEX(passthroughs_lock);

/* ---- capabilities ---- */

static void member_caps(const struct ksm_passthrough_member *m,
			u32 data_unit_sizes, struct ksm_caps *caps)
{
	int i;

	memset(caps, 0, sizeof(*caps));
	if (!m->client)
		return;
	ksm_client_caps(m->client, caps);
	for (i = 0; i < KSM_MODE_COUNT; i++)
		caps->data_unit_sizes[i] &= data_unit_sizes;
}

/* What all members of @set can do. */
static void set_caps(struct ksm_passthrough *pt, const void *set,
		     struct ksm_caps *caps)
{
	struct ksm_passthrough_member *m;
	struct ksm_caps other;
	bool first = true;

	lockdep_assert_held(&pt->lock);
	memset(caps, 0, sizeof(*caps));
	list_for_each_entry(m, &pt->members, node) {
		if (m->set != set)
			continue;
		member_caps(m, m->data_unit_sizes, &other);
		if (first)
			*caps = other;
		else
			ksm_caps_intersect(caps, &other);
		first = false;
	}
}

static void passthrough_get_caps(struct ksm *ksm, struct ksm_caps *caps)
{
	struct ksm_passthrough *pt = ksm_priv(ksm);

	mutex_lock(&pt->lock);
	set_caps(pt, pt->active, caps);
	mutex_unlock(&pt->lock);
}

/* ---- keys ---- */

static int passthrough_evict(struct ksm *ksm, const struct ksm_key *key,
			     unsigned int slot)
{
	struct ksm_passthrough *pt = ksm_priv(ksm);
	struct ksm_passthrough_member *m;
	int err, ret = 0;

	mutex_lock(&pt->lock);
	/* Of all sets: a table that is on its way out may have used the key. */
	list_for_each_entry(m, &pt->members, node) {
		if (!m->client)
			continue;
		err = ksm_client_evict(m->client, key);
		if (!ret)
			ret = err;
	}
	mutex_unlock(&pt->lock);
	return ret;
}

static void passthrough_evict_idle(struct ksm *ksm)
{
	struct ksm_passthrough *pt = ksm_priv(ksm);
	struct ksm_passthrough_member *m;

	mutex_lock(&pt->lock);
	list_for_each_entry(m, &pt->members, node) {
		if (m->client)
			ksm_client_evict_idle(m->client);
	}
	mutex_unlock(&pt->lock);
}

static const struct ksm_ops passthrough_ops = {
	.evict = passthrough_evict,
	.evict_idle = passthrough_evict_idle,
	.get_caps = passthrough_get_caps,
};

/* ---- passthroughs ---- */

static void passthrough_free(struct ksm_passthrough *pt)
{
	mutex_destroy(&pt->lock);
	lockdep_unregister_key(&pt->lock_key);
	kfree(pt);
}

static struct ksm_passthrough *passthrough_create(struct gendisk *disk)
{
	struct ksm_config config = {
		.name = disk->disk_name,
		.ops = &passthrough_ops,
		.owner = THIS_MODULE,
	};
	struct ksm_passthrough *pt;
	int err;

	pt = kzalloc(sizeof(*pt), GFP_KERNEL);
	if (!pt)
		return ERR_PTR(-ENOMEM);
	pt->disk = disk;
	INIT_LIST_HEAD(&pt->members);
	mutex_init(&pt->lock);
	lockdep_register_key(&pt->lock_key);
	lockdep_set_class(&pt->lock, &pt->lock_key);

	config.priv = pt;
	pt->ksm = ksm_create(&config);
	if (IS_ERR(pt->ksm)) {
		err = PTR_ERR(pt->ksm);
		goto free;
	}
	err = ksm_register(pt->ksm, disk);
	if (err)
		goto destroy;
	return pt;

destroy:
	ksm_destroy(pt->ksm);
free:
	passthrough_free(pt);
	return ERR_PTR(err);
}

/**
 * ksm_passthrough_get() - get a stacked disk's passthrough
 * @disk: the disk, which must outlive it
 *
 * The first one who gets it makes it and gives the disk its keyslot manager.
 * It can do nothing before a set of members is activated.
 *
 * Context: process context, may sleep. Not from within struct ksm_ops.
 * Return: the passthrough, or an ERR_PTR: -ENOMEM; -EEXIST if the disk has a
 * keyslot manager of another kind, or the last one that was put is still
 * waiting for bios.
 */
struct ksm_passthrough *ksm_passthrough_get(struct gendisk *disk)
{
	struct ksm_passthrough *pt;

	mutex_lock(&passthroughs_lock);
	list_for_each_entry(pt, &passthroughs, node) {
		if (pt->disk == disk)
			goto found;
	}
	pt = passthrough_create(disk);
	if (IS_ERR(pt))
		goto out;
	list_add(&pt->node, &passthroughs);
found:
	pt->users++;
out:
	mutex_unlock(&passthroughs_lock);
	return pt;
}
EXPORT_SYMBOL_KSM(ksm_passthrough_get);

/**
 * ksm_passthrough_put() - give a passthrough back
 * @pt: the passthrough
 *
 * When the last user does, the disk has no keyslot manager any more. This waits
 * for the bios that were submitted to the disk with a context.
 *
 * Context: process context, may sleep. Not from within struct ksm_ops.
 */
void ksm_passthrough_put(struct ksm_passthrough *pt)
{
	bool last;

	mutex_lock(&passthroughs_lock);
	last = !--pt->users;
	if (last)
		list_del(&pt->node);
	mutex_unlock(&passthroughs_lock);
	if (!last)
		return;

	/*
	 * Not under the lock: the bios may be waiting for a disk below that
	 * needs it to get going again.
	 */
	ksm_unregister(pt->ksm, pt->disk);
	ksm_destroy(pt->ksm);
	WARN_ON_ONCE(!list_empty(&pt->members));
	passthrough_free(pt);
}
EXPORT_SYMBOL_KSM(ksm_passthrough_put);

/* ---- members ---- */

/*
 * A bio is split at the edges of a segment, and the device below may split it
 * wherever it has boundaries of its own, at round sectors. Data units stay
 * whole only if they begin at multiples of their size on both disks.
 */
static u32 whole_data_units(const struct ksm_passthrough_segment *segment)
{
	u64 edges = KSM_MAX_DATA_UNIT >> SECTOR_SHIFT;
	u32 size;

	edges |= segment->disk_sector | segment->sectors;
	edges |= segment->sector + get_start_sect(segment->bdev);
	size = (edges & -edges) << SECTOR_SHIFT;
	return 2 * size - 1;
}

static struct ksm_passthrough_member *
member_find(struct ksm_passthrough *pt,
	    const struct ksm_passthrough_segment *segment)
{
	struct ksm_passthrough_member *m;

	mutex_lock(&pt->lock);
	list_for_each_entry(m, &pt->members, node) {
		if (m->set == segment->set && m->bdev == segment->bdev)
			goto out;
	}
	m = NULL;
out:
	mutex_unlock(&pt->lock);
	return m;
}

static struct ksm_passthrough_member *
member_create(struct ksm_passthrough *pt,
	      const struct ksm_passthrough_segment *segment)
{
	struct ksm_client_config config = {
		.name = pt->disk->disk_name,
		.upper = pt->ksm,
		.failed = segment->failed,
	};
	struct ksm_passthrough_member *m;

	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->pt = pt;
	m->set = segment->set;
	m->bdev = segment->bdev;
	m->data_unit_sizes = U32_MAX;
	m->client = ksm_client_open(segment->bdev, &config);
	if (m->client == ERR_PTR(-ENOMEM)) {
		kfree(m);
		return ERR_PTR(-ENOMEM);
	}
	/* Nothing can be encrypted by this device; it can be used without. */
	if (IS_ERR(m->client))
		m->client = NULL;
	return m;
}

static void member_free(struct ksm_passthrough_member *m)
{
	if (m->client)
		ksm_client_close(m->client);
	kfree(m);
}

/**
 * struct member_join - a segment comes to a member
 * @member: the member
 * @data_unit_sizes: mask of the sizes that the segment leaves whole
 */
struct member_join {
	struct ksm_passthrough_member *member;
	u32 data_unit_sizes;
};

/* Called back by ksm_change_caps(), with the topology locked. */
static int member_join(struct ksm *ksm, const struct ksm_caps *needed,
		       void *arg)
{
	struct ksm_passthrough *pt = ksm_priv(ksm);
	struct member_join *join = arg;
	struct ksm_passthrough_member *m = join->member;
	struct ksm_caps caps;

	/*
	 * Here already, and not when the set is activated only: by then the
	 * disk is suspended and the table before it is gone.
	 */
	member_caps(m, m->data_unit_sizes & join->data_unit_sizes, &caps);
	if (!ksm_caps_superset(&caps, needed))
		return -EOPNOTSUPP;

	mutex_lock(&pt->lock);
	if (!m->segments++)
		list_add_tail(&m->node, &pt->members);
	m->data_unit_sizes &= join->data_unit_sizes;
	mutex_unlock(&pt->lock);
	return 0;
}

/**
 * ksm_passthrough_add() - add a segment of a set
 * @pt: the passthrough
 * @segment: the segment
 *
 * Segments of one set which lie on one device share a member, and so its
 * client. A device without a keyslot manager is a member, too; it has no client
 * and so the set has no capabilities. If the device gets a keyslot manager
 * later, it does not count before another set is made.
 *
 * Calls for one set must be serialized by the caller.
 *
 * Context: process context, may sleep. Not from within struct ksm_ops.
 * Return: the member, for ksm_passthrough_remove(), or an ERR_PTR: -ENOMEM;
 * -EOPNOTSUPP if the device cannot do what is in use above the disk now, or the
 * segment would cut data units that are in use there.
 */
struct ksm_passthrough_member *
ksm_passthrough_add(struct ksm_passthrough *pt,
		    const struct ksm_passthrough_segment *segment)
{
	struct member_join join = {
		.data_unit_sizes = whole_data_units(segment),
	};
	int err;

	join.member = member_find(pt, segment);
	if (!join.member)
		join.member = member_create(pt, segment);
	if (IS_ERR(join.member))
		return join.member;

	err = ksm_change_caps(pt->ksm, member_join, &join);
	if (err) {
		if (!join.member->segments)
			member_free(join.member);
		return ERR_PTR(err);
	}
	return join.member;
}
EXPORT_SYMBOL_KSM(ksm_passthrough_add);

/**
 * ksm_passthrough_remove() - take back one ksm_passthrough_add()
 * @member: what it returned
 *
 * No bio may be on its way through the segment. With the last segment the
 * member goes, and with it the keys that it left in keyslots below. If its set
 * is the active one, the disk has no capabilities any more.
 *
 * Context: process context, may sleep. Not from within struct ksm_ops.
 */
void ksm_passthrough_remove(struct ksm_passthrough_member *member)
{
	struct ksm_passthrough *pt = member->pt;
	bool last;

	mutex_lock(&pt->lock);
	/* The next set may have the same name. */
	if (pt->active == member->set)
		pt->active = NULL;
	last = member->segments == 1;
	mutex_unlock(&pt->lock);

	/*
	 * As long as evictions reach it; afterwards no key may be left below,
	 * however many levels. Nothing goes this way that would bring one there.
	 */
	if (last && member->client)
		ksm_client_evict_idle(member->client);

	mutex_lock(&pt->lock);
	member->segments--;
	if (last)
		list_del(&member->node);
	mutex_unlock(&pt->lock);
	if (last)
		member_free(member);
}
EXPORT_SYMBOL_KSM(ksm_passthrough_remove);

/**
 * ksm_passthrough_client() - a member's access to the keyslots below
 * @member: the member
 *
 * Context: any context.
 * Return: the client, which is there as long as the member; NULL if the device
 * had no keyslot manager when it was added.
 */
struct ksm_client *
ksm_passthrough_client(const struct ksm_passthrough_member *member)
{
	return member->client;
}
EXPORT_SYMBOL_KSM(ksm_passthrough_client);

/* ---- sets ---- */

/* Called back by ksm_change_caps(), with the topology locked. */
static int activate(struct ksm *ksm, const struct ksm_caps *needed, void *set)
{
	struct ksm_passthrough *pt = ksm_priv(ksm);
	struct ksm_caps caps;
	int err = 0;

	mutex_lock(&pt->lock);
	set_caps(pt, set, &caps);
	if (ksm_caps_superset(&caps, needed))
		pt->active = set;
	else
		err = -EOPNOTSUPP;
	mutex_unlock(&pt->lock);
	return err;
}

/**
 * ksm_passthrough_activate() - let a set define what the disk can do
 * @pt: the passthrough
 * @set: the set, to which all of its members were added
 *
 * If it is the active one already, this is cheap and takes no lock of ksm_core.
 *
 * Context: process context, may sleep. Not from within struct ksm_ops.
 * Return: 0, or -EOPNOTSUPP if the set cannot do what is in use above the disk
 * now; then nothing is changed.
 */
int ksm_passthrough_activate(struct ksm_passthrough *pt, const void *set)
{
	bool active;

	mutex_lock(&pt->lock);
	active = pt->active == set;
	mutex_unlock(&pt->lock);
	if (active)
		return 0;
	return ksm_change_caps(pt->ksm, activate, (void *)set);
}
EXPORT_SYMBOL_KSM(ksm_passthrough_activate);

/**
 * ksm_passthrough_freeze() - let no bio with a context into the disk
 * @pt: the passthrough
 *
 * Before the disk stops, to go on with another set or with none: bios that come
 * while it is stopped wait for whatever is there then, which may not know of
 * contexts. Waits for those that have come. May be called again.
 *
 * Context: process context, may sleep, and the disk completes bios. Not from
 * within struct ksm_ops.
 */
void ksm_passthrough_freeze(struct ksm_passthrough *pt)
{
	ksm_freeze(pt->ksm, pt->disk);
}
EXPORT_SYMBOL_KSM(ksm_passthrough_freeze);

/**
 * ksm_passthrough_thaw() - undo ksm_passthrough_freeze()
 * @pt: the passthrough, which may be thawed already
 *
 * Context: process context, may sleep. Not from within struct ksm_ops.
 */
void ksm_passthrough_thaw(struct ksm_passthrough *pt)
{
	ksm_thaw(pt->ksm, pt->disk);
}
EXPORT_SYMBOL_KSM(ksm_passthrough_thaw);
