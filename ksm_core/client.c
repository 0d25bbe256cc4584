// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Clients
 *
 * A client submits bios with contexts to one block device. Inside submit_bio()
 * it never waits for a keyslot: if the key is in none, or others wait for the
 * slot, the bio goes on a list and a worker gets the slot and submits it. The
 * worker has nothing in hand when it waits.
 *
 * Each client has a work queue of its own. One that is shared could be stuck,
 * when memory is short, in a client whose I/O needs another one further down.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/ioprio.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "client.h"
#include "context.h"
#include "evict.h"
#include "keyslot.h"
#include "registry.h"
#include "slot_get.h"
#include "trace.h"

/*
 * Requests are merged only if their I/O priorities are equal, hints included:
 * ten bits above the three of the level, of which the values up to 7 mean
 * command duration limits (include/uapi/linux/ioprio.h). On Linux 6.1 they have
 * no meaning yet, and nobody looks at them. (BFQ does not use a bio's priority
 * there but the task's.) What may drop the tag on its way is a policy about
 * priorities in a control group (blk-ioprio).
 */
#define KSM_TAG_SHIFT 3
#define KSM_TAG_MASK  0x3ff
#define KSM_TAG_FIRST 8

static DEFINE_IDA(ksm_tags);

static __always_inline void set_tag(const struct ksm_client *client,
				    struct bio *bio)
{
	unsigned int prio = bio->bi_ioprio;

	if (unlikely(READ_ONCE(client->nomerge)))
		bio->bi_opf |= REQ_NOMERGE;
	/* What forwards leaves the origin's tag. */
	if (client->upper)
		return;
	/* Without a class the block layer would set it anew, tag and all. */
	if (IOPRIO_PRIO_CLASS(prio) == IOPRIO_CLASS_NONE)
		prio = get_current_ioprio();
	prio &= ~(KSM_TAG_MASK << KSM_TAG_SHIFT);
	bio->bi_ioprio = prio | client->tag << KSM_TAG_SHIFT;
}

/*
 * A bio that has got no context may go on without one, encrypted otherwise, and
 * must not be merged with those that have the tag.
 */
static void clear_tag(const struct ksm_client *client, struct bio *bio)
{
	if (!client->upper)
		bio->bi_ioprio &= ~(KSM_TAG_MASK << KSM_TAG_SHIFT);
}

/* Errors as of ksm_ctx_attach(); after -EINPROGRESS @ctx may be gone. */
static __always_inline int attach(struct ksm_ctx *ctx, int slot, bool wait)
{
	struct ksm_client *client = ctx->client;
	int err;

	ctx->slot = slot;
	err = ksm_ctx_attach(ctx, wait);
	if (unlikely(err))
		return err;
	this_cpu_inc(client->stats->attached);
	trace_ksm_ctx_attach(client->ksm, ctx, ctx->size);
	return 0;
}

/* Takes the reference to the slot. Who waits for another bio does not keep it. */
static __always_inline int attach_with_slot(struct ksm_ctx *ctx, int slot,
					    bool wait)
{
	struct ksm_client *client = ctx->client;
	int err = attach(ctx, slot, wait);

	if (unlikely(err))
		ksm_slot_put(client->ksm, slot);
	return err;
}

static __always_inline void init_ctx(struct ksm_ctx *ctx,
				     struct ksm_client *client, struct bio *bio,
				     const struct ksm_key *key, u64 dun)
{
	ctx->bio = bio;
	ctx->key = key;
	ctx->dun = dun;
	ctx->vec = bio->bi_io_vec;
	ctx->client = client;
	ctx->sector = client->start + bio->bi_iter.bi_sector;
	ctx->size = bio->bi_iter.bi_size;
	atomic_set(&ctx->left, ctx->size);
	ctx->waiters = NULL;
}

/* ---- bios that have to wait: for a slot, a frozen disk, or another bio ---- */

/* Under client->lock. */
static void add_waiting(struct ksm_client *client, struct ksm_ctx *ctx)
{
	ctx->next = NULL;
	*client->waiting_end = ctx;
	client->waiting_end = &ctx->next;
	WRITE_ONCE(client->busy, true);
}

/**
 * ksm_client_add_waiting() - have a context tried again that has waited
 * @ctx: the context
 *
 * By a worker of its client, whose bio may have ended when this returns.
 *
 * Context: any context.
 */
void ksm_client_add_waiting(struct ksm_ctx *ctx)
{
	struct ksm_client *client = ctx->client;
	unsigned long flags;

	spin_lock_irqsave(&client->lock, flags);
	add_waiting(client, ctx);
	queue_work(client->wq, &client->work);
	spin_unlock_irqrestore(&client->lock, flags);
}

/*
 * -EINPROGRESS, or -EAGAIN if there is nobody who would go on with it, and
 * nothing to wait for any more.
 */
static noinline int defer(struct ksm_client *client, struct ksm_ctx *ctx)
{
	bool slots = client->ksm->num_slots;
	unsigned long flags;
	int err = -EINPROGRESS;

	spin_lock_irqsave(&client->lock, flags);
	/* ksm_client_thaw() comes after the disk has been thawed. */
	if (!slots && !client->busy &&
	    READ_ONCE(client->disk->state) != KSM_DISK_FROZEN) {
		err = -EAGAIN;
		goto out;
	}
	this_cpu_inc(client->stats->deferred);
	if (slots && !client->busy)
		queue_work(client->wq, &client->work);
	add_waiting(client, ctx);
out:
	spin_unlock_irqrestore(&client->lock, flags);
	return err;
}

static void submit_failed(struct ksm_ctx *ctx, int err)
{
	struct ksm_client *client = ctx->client;

	if (unlikely(ctx->waiters))
		ksm_ctx_pass_on(ctx);
	this_cpu_inc(client->stats->failed);
	clear_tag(client, ctx->bio);
	client->failed(ctx, err);
}

/* It may have ended already if it waits for another bio. */
static void submit_attached(struct ksm_ctx *ctx, int err)
{
	if (likely(!err))
		submit_bio_noacct(ctx->bio);
	else if (err != -EINPROGRESS)
		submit_failed(ctx, err);
}

/*
 * Submit the contexts of one key at the head of the list. Sets it to the rest.
 * They all go with the slot that was got for the first, though others may be
 * waiting for it by now; those that come later have to queue up.
 */
static void submit_run(struct ksm_client *client, struct ksm_ctx **list)
{
	struct ksm_ctx *ctx = *list;
	const struct ksm_key *key = ctx->key;
	int slot = ksm_slot_get_via(client->ksm, key, client);
	struct blk_plug plug;
	struct ksm_ctx *next;

	blk_start_plug(&plug);
	for (; ctx && ctx->key == key; ctx = next) {
		next = ctx->next;
		if (slot < 0) {
			submit_failed(ctx, slot);
			continue;
		}
		/*
		 * The last one takes our reference. When it has ended, the key
		 * may be evicted and the manager may go.
		 */
		if (next && next->key == key)
			ksm_slot_dup(client->ksm, slot);
		submit_attached(ctx, attach_with_slot(ctx, slot, true));
	}
	blk_finish_plug(&plug);
	*list = ctx;
}

/* What could not go yet waits on, before what has come since. */
static void put_back(struct ksm_client *client, struct ksm_ctx *list)
{
	struct ksm_ctx **end = &list->next;
	unsigned long flags;

	while (*end)
		end = &(*end)->next;
	spin_lock_irqsave(&client->lock, flags);
	*end = client->waiting;
	if (!client->waiting)
		client->waiting_end = end;
	client->waiting = list;
	spin_unlock_irqrestore(&client->lock, flags);
}

/*
 * Submit the first of the list, which needs no slot. Sets it to the rest. False
 * if the disk is frozen again: all wait on for ksm_client_thaw().
 */
static bool submit_one(struct ksm_client *client, struct ksm_ctx **list)
{
	struct ksm_ctx *ctx = *list;
	struct ksm_ctx *next = ctx->next;
	int err;

	err = ctx->key ? attach(ctx, KSM_NO_SLOT, true) :
			 ksm_ctx_attach(ctx, true);
	if (err == -EAGAIN) {
		put_back(client, ctx);
		return false;
	}
	*list = next;
	submit_attached(ctx, err);
	return true;
}

/* The list of what is waiting; NULL, and nobody is busy with it, if empty. */
static struct ksm_ctx *take_waiting(struct ksm_client *client)
{
	struct ksm_ctx *list;
	unsigned long flags;

	spin_lock_irqsave(&client->lock, flags);
	list = client->waiting;
	client->waiting = NULL;
	client->waiting_end = &client->waiting;
	if (!list)
		WRITE_ONCE(client->busy, false);
	spin_unlock_irqrestore(&client->lock, flags);
	return list;
}

static void client_work(struct work_struct *work)
{
	struct ksm_client *client = container_of(work, struct ksm_client, work);
	struct ksm_ctx *list;

	while ((list = take_waiting(client))) {
		while (list) {
			if (list->key && client->ksm->num_slots)
				submit_run(client, &list);
			else if (!submit_one(client, &list))
				return;
		}
	}
}

/**
 * ksm_client_thaw() - the disk below has been thawed, or has gone
 * @client: the client
 *
 * Has what is waiting submitted, by a worker: the caller has locks.
 *
 * Context: any context.
 */
void ksm_client_thaw(struct ksm_client *client)
{
	queue_work(client->wq, &client->work);
}

/* ---- submitting ---- */

static __always_inline int try_attach(struct ksm_ctx *ctx)
{
	struct ksm *ksm = ctx->client->ksm;
	int slot;

	if (!ksm->num_slots)
		return attach(ctx, KSM_NO_SLOT, true);
	slot = ksm_slot_try_get_inline(ksm, ctx->key);
	return unlikely(slot < 0) ? slot : attach_with_slot(ctx, slot, true);
}

/**
 * ksm_submit_ctx() - give a bio a context, before its submission
 * @client: the client
 * @ctx: memory for the context, until the bio has ended
 * @bio: the bio, aimed at the client's device; whole data units
 * @key: the key, which stays until it has been evicted
 *	(ksm_client_evict(), or by those above if the client forwards)
 * @dun: data unit number of its first data unit
 *
 * It never waits, so it may be called inside submit_bio(). When the bio has
 * ended, ksm_detach_ctx() comes before anything else.
 *
 * Context: any context in which bios may be submitted.
 * Return: 0: the caller submits the bio. -EINPROGRESS: the bio has to wait for a
 *	keyslot, for a device below to be thawed, or for another bio with the
 *	same vector and sectors. It will be submitted with
 *	submit_bio_noacct(), or &ksm_client_config.failed will be called, and it
 *	may have ended already.
 *	Otherwise a negative errno, and the bio has no context: -ENODEV if the
 *	device or its keyslot manager has gone; -EEXIST if a bio of another client
 *	with the same vector and sectors is under way.
 */
int ksm_submit_ctx(struct ksm_client *client, struct ksm_ctx *ctx,
		   struct bio *bio, const struct ksm_key *key, u64 dun)
{
	int err;

	init_ctx(ctx, client, bio, key, dun);
	set_tag(client, bio);
	do {
		err = -EAGAIN;
		if (likely(!client->ordered || !READ_ONCE(client->busy)))
			err = try_attach(ctx);
		if (unlikely(err == -EAGAIN))
			err = defer(client, ctx);
	} while (unlikely(err == -EAGAIN));

	if (unlikely(err && err != -EINPROGRESS)) {
		this_cpu_inc(client->stats->failed);
		clear_tag(client, bio);
	}
	return err;
}
EXPORT_SYMBOL_KSM(ksm_submit_ctx);

/**
 * ksm_submit_plain() - send a bio beside those that have contexts, without a key
 * @client: the client
 * @ctx: memory for a context, until the bio has ended
 * @bio: the bio, aimed at the client's device; it keeps its vector
 *
 * Whoever may send data from or to the same buffer with a key has to do this for
 * what it sends without: it could be taken for that. When the bio has ended,
 * ksm_detach_ctx() comes first, as after ksm_submit_ctx().
 *
 * Context: any context in which bios may be submitted.
 * Return: 0: the caller submits the bio. -EINPROGRESS: it has to wait for
 *	another one with the same vector and sectors. It will be submitted with
 *	submit_bio_noacct(), or &ksm_client_config.failed will be called, and it
 *	may have ended already. Otherwise the bio has no context: -EEXIST if a bio
 *	of another client with the same vector and sectors is under way.
 */
int ksm_submit_plain(struct ksm_client *client, struct ksm_ctx *ctx,
		     struct bio *bio)
{
	int err;

	init_ctx(ctx, client, bio, NULL, 0);
	ctx->slot = KSM_NO_SLOT;
	atomic_set(&ctx->left, 0);
	err = ksm_ctx_attach(ctx, true);
	if (unlikely(err && err != -EINPROGRESS))
		this_cpu_inc(client->stats->failed);
	return err;
}
EXPORT_SYMBOL_KSM(ksm_submit_plain);

/**
 * ksm_attach_ctx_wait() - give a bio a context and wait for a keyslot if need be
 * @client: the client
 * @ctx: memory for the context, until the bio has ended
 * @bio: the bio, aimed at the client's device; whole data units
 * @key: the key
 * @dun: data unit number of its first data unit
 *
 * For bios that do not come from above, like those which test the device.
 *
 * Context: process context, may sleep, not inside submit_bio().
 * Return: 0, and the caller submits the bio; or a negative errno as
 *	ksm_slot_get() or ksm_submit_ctx(); -EAGAIN if the device is frozen;
 *	-EBUSY if a bio with the same vector and sectors is under way.
 */
int ksm_attach_ctx_wait(struct ksm_client *client, struct ksm_ctx *ctx,
			struct bio *bio, const struct ksm_key *key, u64 dun)
{
	int slot;

	init_ctx(ctx, client, bio, key, dun);
	set_tag(client, bio);
	if (!client->ksm->num_slots)
		return attach(ctx, KSM_NO_SLOT, false);
	slot = ksm_slot_get_via(client->ksm, key, client);
	return slot < 0 ? slot : attach_with_slot(ctx, slot, false);
}
EXPORT_SYMBOL_KSM(ksm_attach_ctx_wait);

/* ---- opening and closing ---- */

static void free_client(struct ksm_client *client)
{
	/* It may still be seeing that there is nothing left to do. */
	cancel_work_sync(&client->work);
	if (client->wq)
		destroy_workqueue(client->wq);
	if (client->tag)
		ida_free(&ksm_tags, client->tag);
	free_percpu(client->stats);
	kfree(client);
}

static struct ksm_client *alloc_client(const struct ksm_client_config *config)
{
	struct ksm_client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	int tag;

	if (!client)
		return NULL;
	spin_lock_init(&client->lock);
	INIT_WORK(&client->work, client_work);
	client->waiting_end = &client->waiting;
	client->upper = config->upper;
	client->failed = config->failed;
	client->stats = alloc_percpu(struct ksm_client_stats);
	client->wq = alloc_workqueue("ksm/%s", WQ_MEM_RECLAIM | WQ_UNBOUND, 0,
				     config->name);
	if (!client->stats || !client->wq) {
		free_client(client);
		return NULL;
	}
	if (!config->upper) {
		tag = ida_alloc_range(&ksm_tags, KSM_TAG_FIRST, KSM_TAG_MASK,
				      GFP_KERNEL);
		client->tag = max(tag, 0);
		/* All are in use: its bios are not merged at all. */
		client->nomerge = !client->tag;
	}
	return client;
}

static int connect(struct ksm_client *client, struct block_device *bdev,
		   const struct ksm_client_config *config)
{
	struct ksm_caps need = {};

	if (!config->upper) {
		need.data_unit_sizes[config->mode->id] = config->data_unit_size;
		need.max_dun_bytes = config->dun_bytes;
	}
	client->start = get_start_sect(bdev);
	client->ordered = !config->upper || bdev_is_zoned(bdev);
	return ksm_client_join(client, bdev, config->upper ? NULL : &need);
}

/**
 * ksm_client_open() - begin to submit bios with contexts to a block device
 * @bdev: a whole disk or partition, which the caller keeps open
 * @config: who it is and what it will use
 *
 * Context: process context, may sleep.
 * Return: the client; ERR_PTR(-ENODEV) if the device has no keyslot manager;
 *	ERR_PTR(-EOPNOTSUPP) if that cannot do what is asked for; ERR_PTR(-ELOOP)
 *	if there are more than eight managers that forward on each other, or a
 *	loop; ERR_PTR(-ENOMEM).
 */
struct ksm_client *ksm_client_open(struct block_device *bdev,
				   const struct ksm_client_config *config)
{
	struct ksm_client *client = alloc_client(config);
	int err;

	if (!client)
		return ERR_PTR(-ENOMEM);
	err = connect(client, bdev, config);
	if (err) {
		free_client(client);
		return ERR_PTR(err);
	}
	return client;
}
EXPORT_SYMBOL_KSM(ksm_client_open);

/**
 * ksm_client_close() - end what ksm_client_open() began
 * @client: the client; none of its bios is under way
 *
 * Keys that it had programmed are evicted, unless there is another client that
 * forwards for the same manager.
 *
 * Context: process context, may sleep.
 */
void ksm_client_close(struct ksm_client *client)
{
	ksm_client_leave(client);
	free_client(client);
}
EXPORT_SYMBOL_KSM(ksm_client_close);

/**
 * ksm_client_ksm() - the keyslot manager below a client
 * @client: the client
 *
 * Context: any context.
 * Return: the manager, without another reference.
 */
struct ksm *ksm_client_ksm(const struct ksm_client *client)
{
	return client->ksm;
}
EXPORT_SYMBOL_KSM(ksm_client_ksm);

/**
 * ksm_client_evict() - make the hardware below forget a key
 * @client: the client
 * @key: the key; no I/O that uses it is under way
 *
 * Context: process context, may sleep.
 * Return: as ksm_evict_key().
 */
int ksm_client_evict(struct ksm_client *client, const struct ksm_key *key)
{
	return ksm_evict_key(client->ksm, key);
}
EXPORT_SYMBOL_KSM(ksm_client_evict);

/**
 * ksm_client_evict_idle() - make the hardware below forget what is not in use
 * @client: the client; of the keys that it had programmed, whatever their origin
 *
 * Before evictions do not come this way any more.
 *
 * Context: process context, may sleep. Also within &ksm_ops.evict_idle.
 */
void ksm_client_evict_idle(struct ksm_client *client)
{
	ksm_slots_evict_idle(client->ksm, client);
}
EXPORT_SYMBOL_KSM(ksm_client_evict_idle);

/**
 * ksm_client_get_stats() - add up a client's counters
 * @client: the client
 * @stats: set to the counters
 *
 * Context: any context.
 */
void ksm_client_get_stats(struct ksm_client *client,
			  struct ksm_client_stats *stats)
{
	const struct ksm_client_stats *s;
	int cpu;

	memset(stats, 0, sizeof(*stats));
	for_each_possible_cpu(cpu) {
		s = per_cpu_ptr(client->stats, cpu);
		stats->attached += READ_ONCE(s->attached);
		stats->deferred += READ_ONCE(s->deferred);
		stats->failed += READ_ONCE(s->failed);
		stats->lost += READ_ONCE(s->lost);
	}
}
EXPORT_SYMBOL_KSM(ksm_client_get_stats);
