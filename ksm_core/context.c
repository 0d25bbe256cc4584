// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Bio crypt contexts
 *
 * The table of contexts of bios under way. A bio is known by its bi_io_vec,
 * which its clones and splits share. That alone is not enough: the two legs of
 * a mirror share it too, and so does all I/O to one registered buffer. So the
 * disk must be the same and the sectors must lie inside the context's. While it
 * is in the table there is no second one of which that is true, unless neither
 * has a key.
 *
 * Whatever is not quite right about a match is an error, which the provider has
 * to turn into a failed request: there is data that was to be encrypted.
 */
#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/wait.h>

#include "client.h"
#include "context.h"
#include "keyslot.h"
#include "registry.h"
#include "slot_get.h"
#include "trace.h"

struct ksm_bucket ksm_ctx_table[1 << KSM_CTX_BITS];
static DECLARE_WAIT_QUEUE_HEAD(ksm_drain_wait);

/**
 * ksm_ctx_table_init() - make the table, when the module is loaded
 */
void ksm_ctx_table_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ksm_ctx_table); i++)
		spin_lock_init(&ksm_ctx_table[i].lock);
}

/**
 * ksm_ctx_wait_for() - another bio has the same vector and sectors
 * @rival: that one's context, in the table and locked
 * @ctx: the context that cannot be attached, with those that wait for it
 * @wait: it can wait
 *
 * It holds up nobody but those who wait for itself.
 *
 * Context: any context.
 * Return: -EINPROGRESS, -EBUSY or -EEXIST, as ksm_ctx_attach().
 */
int ksm_ctx_wait_for(struct ksm_ctx *rival, struct ksm_ctx *ctx, bool wait)
{
	/* Of its own client it is known to stay as long. */
	if (rival->client != ctx->client)
		return -EEXIST;
	if (!wait)
		return -EBUSY;

	this_cpu_inc(ctx->client->stats->deferred);
	ctx->next = NULL;
	if (!rival->waiters)
		rival->waiters_end = &rival->waiters;
	*rival->waiters_end = ctx;
	rival->waiters_end = &ctx->next;
	return -EINPROGRESS;
}

/**
 * ksm_ctx_pass_on() - let those go on who wait for a context
 * @ctx: the context, not in the table, which somebody waits for
 *
 * The first one is given to the worker, and the others wait for that one: of
 * thousands which wait to read the same block, each is looked at once.
 *
 * Context: any context.
 */
void ksm_ctx_pass_on(struct ksm_ctx *ctx)
{
	struct ksm_ctx *first = ctx->waiters;

	if (first->next) {
		if (!first->waiters)
			first->waiters_end = &first->waiters;
		*first->waiters_end = first->next;
		first->waiters_end = ctx->waiters_end;
	}
	ksm_client_add_waiting(first);
}

/**
 * ksm_detach_ctx() - take a bio's context away
 * @ctx: the context, attached by ksm_submit_ctx() or ksm_attach_ctx_wait()
 *
 * When the bio has ended or is not submitted after all, and before anything
 * above is told: then the memory of the bio's vector may be used for another
 * one, and the key may be evicted. This gives back the keyslot.
 *
 * Context: any context.
 * Return: number of bytes that have not passed the engine: if it is not 0, a
 *	bio without an error has read ciphertext or written plaintext.
 */
unsigned int ksm_detach_ctx(struct ksm_ctx *ctx)
{
	struct ksm_bucket *bucket = ctx->bucket;
	struct ksm_client *client = ctx->client;
	unsigned long flags;
	unsigned int left;

	spin_lock_irqsave(&bucket->lock, flags);
	__hlist_del(&ctx->node);
	spin_unlock_irqrestore(&bucket->lock, flags);
	if (unlikely(ctx->waiters))
		ksm_ctx_pass_on(ctx);

	left = atomic_read(&ctx->left);
	if (unlikely(left) && !ctx->bio->bi_status) {
		this_cpu_inc(client->stats->lost);
		trace_ksm_ctx_lost(client->ksm, ctx, left);
	}
	if (ctx->slot != KSM_NO_SLOT)
		ksm_slot_put_inline(client->ksm, ctx->slot);
	if (unlikely(READ_ONCE(client->disk->state) != KSM_DISK_OPEN))
		wake_up(&ksm_drain_wait);
	return left;
}
EXPORT_SYMBOL_KSM(ksm_detach_ctx);

static bool disk_has_ctx(const struct gendisk *disk)
{
	struct ksm_bucket *bucket;
	bool found = false;
	struct ksm_ctx *ctx;
	int i;

	for (i = 0; i < ARRAY_SIZE(ksm_ctx_table) && !found; i++) {
		bucket = &ksm_ctx_table[i];
		spin_lock_irq(&bucket->lock);
		hlist_for_each_entry(ctx, &bucket->head, node)
			found |= ctx->key && ctx->client->disk->disk == disk;
		spin_unlock_irq(&bucket->lock);
	}
	return found;
}

/**
 * ksm_ctx_drain() - wait until no contexts are attached for a disk
 * @disk: the disk, which is marked as gone or frozen
 *
 * Context: process context, may sleep.
 */
void ksm_ctx_drain(const struct gendisk *disk)
{
	wait_event(ksm_drain_wait, !disk_has_ctx(disk));
}

/*
 * What @ctx says about the part of its bio, or of another with its vector, that
 * lies @offset bytes behind its start; 64 bits, so before it is far behind it.
 */
static __always_inline int match_part(struct ksm_ctx *ctx, u64 offset,
				      unsigned int size,
				      struct ksm_crypt *crypt)
{
	unsigned int unit = ctx->key->data_unit_size;

	if (unlikely(offset + size > ctx->size || offset > ctx->size ||
		     ((offset | size) & (unit - 1))))
		return -EIO;
	crypt->key = ctx->key;
	crypt->slot = ctx->slot;
	crypt->dun = ctx->dun + (offset >> ilog2(unit));
	crypt->ctx = ctx;
	return 0;
}

static __always_inline int look_up(const struct gendisk *disk,
				   const struct bio *bio,
				   struct ksm_crypt *crypt)
{
	const struct bio_vec *vec = bio->bi_io_vec;
	const sector_t sector = bio->bi_iter.bi_sector;
	const unsigned int size = bio->bi_iter.bi_size;
	struct ksm_bucket *bucket = ksm_ctx_bucket(vec);
	struct ksm_ctx *ctx;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&bucket->lock, flags);
	hlist_for_each_entry(ctx, &bucket->head, node) {
		/* Few have the same hash; and gcc would call the rest cold. */
		if (unlikely(ctx->vec != vec || !ctx->key ||
			     ctx->client->disk->disk != disk ||
			     sector >= ctx->sector +
					       (ctx->size >> SECTOR_SHIFT) ||
			     sector + (size >> SECTOR_SHIFT) <= ctx->sector))
			continue;
		err = match_part(ctx,
				 (u64)(sector - ctx->sector) << SECTOR_SHIFT,
				 size, crypt);
		break;
	}
	spin_unlock_irqrestore(&bucket->lock, flags);
	return err;
}

/**
 * ksm_bio_crypt() - how a bio's data is to be encrypted
 * @disk: the disk that it has reached, as registered by the caller
 * @bio: the bio, before anything about it has been changed; or a clone or split
 * @crypt: set to what its context says; its key is NULL if it has none
 *
 * What is found stays as it is until the bio ends.
 *
 * Context: any context.
 * Return: 0; -EIO if the bio must be failed: it is not made of whole data units
 *	of one context, or not a read or write.
 */
int ksm_bio_crypt(struct gendisk *disk, struct bio *bio,
		  struct ksm_crypt *crypt)
{
	const bool other = bio_op(bio) != REQ_OP_READ &&
			   bio_op(bio) != REQ_OP_WRITE;
	int err;

	crypt->key = NULL;
	crypt->slot = KSM_NO_SLOT;
	crypt->ctx = NULL;
	if (!bio->bi_iter.bi_size || (unlikely(other) && !bio_has_data(bio)))
		return 0;
	err = look_up(disk, bio, crypt);
	if (unlikely(other) && crypt->key)
		err = -EIO;
	return err;
}
EXPORT_SYMBOL_KSM(ksm_bio_crypt);

/*
 * Something has dropped the tag that keeps others away. It must not happen
 * again to those who were mixed.
 */
static int refuse_mixture(struct gendisk *disk, struct request *rq)
{
	struct ksm_crypt part;
	struct bio *bio;

	__rq_for_each_bio(bio, rq) {
		if (ksm_bio_crypt(disk, bio, &part) || !part.key)
			continue;
		WRITE_ONCE(part.ctx->client->nomerge, true);
		trace_ksm_ctx_mixed(part.ctx->client->ksm, part.ctx,
				    atomic_read(&part.ctx->left));
	}
	return -EIO;
}

/* A request of several bios, or none. */
static noinline int bios_crypt(struct gendisk *disk, struct request *rq,
			       struct ksm_crypt *crypt)
{
	struct ksm_crypt part;
	struct bio *bio;
	u64 next = 0;

	crypt->key = NULL;
	crypt->slot = KSM_NO_SLOT;
	crypt->ctx = NULL;
	if (blk_rq_is_passthrough(rq))
		return 0;
	__rq_for_each_bio(bio, rq) {
		if (ksm_bio_crypt(disk, bio, &part))
			return -EIO;
		if (bio == rq->bio)
			*crypt = part;
		else if (part.key != crypt->key || part.slot != crypt->slot ||
			 (part.key && part.dun != next))
			return refuse_mixture(disk, rq);
		if (part.key)
			next = part.dun + (bio->bi_iter.bi_size >>
					   ilog2(part.key->data_unit_size));
	}
	return 0;
}

/**
 * ksm_request_crypt() - how a request's data is to be encrypted
 * @disk: the disk, as registered by the caller
 * @rq: the request
 * @crypt: set to what the contexts of its bios say; its key is NULL if they
 *	have none
 *
 * The driver checks what it can: ksm_core marks bios so that they should not be
 * merged with others.
 *
 * Context: any context, after the request has been started and before any of
 *	it is completed.
 * Return: 0; -EIO if the request must be failed: its bios do not all have, or
 *	all lack, contexts of the same key and slot with data unit numbers that
 *	count up without a gap.
 */
int ksm_request_crypt(struct gendisk *disk, struct request *rq,
		      struct ksm_crypt *crypt)
{
	if (likely(rq->bio && !rq->bio->bi_next && !blk_rq_is_passthrough(rq)))
		return ksm_bio_crypt(disk, rq->bio, crypt);
	return bios_crypt(disk, rq, crypt);
}
EXPORT_SYMBOL_KSM(ksm_request_crypt);

/**
 * ksm_ctx_done() - a part of a bio's data has passed the engine
 * @ctx: the bio's context, see struct ksm_crypt
 * @bytes: size of the part
 *
 * Once for each part. A part that is all of it may be reported again.
 *
 * Context: any context, before the part is completed.
 */
void ksm_ctx_done(struct ksm_ctx *ctx, unsigned int bytes)
{
	int left = atomic_read(&ctx->left);

	if (likely(bytes >= ctx->size)) {
		atomic_set(&ctx->left, 0);
		return;
	}
	while (!atomic_try_cmpxchg(&ctx->left, &left,
				   left - min_t(unsigned int, bytes, left)))
		;
}
EXPORT_SYMBOL_KSM(ksm_ctx_done);

static noinline void bios_done(struct gendisk *disk, struct request *rq)
{
	struct ksm_crypt part;
	struct bio *bio;

	__rq_for_each_bio(bio, rq) {
		if (!ksm_bio_crypt(disk, bio, &part) && part.key)
			ksm_ctx_done(part.ctx, bio->bi_iter.bi_size);
	}
}

/**
 * ksm_request_done() - a request's data has passed the engine
 * @disk: the disk, as registered by the caller
 * @rq: the request, as it was for ksm_request_crypt()
 * @crypt: what that said
 *
 * Once for each request for which ksm_request_crypt() gave a key, when it has
 * been processed without an error. A driver that cannot tell may report each
 * attempt: data that gets by without the engine is then found with less
 * certainty, if a part of the same bio was tried again.
 *
 * Context: any context, before any of it is completed.
 */
void ksm_request_done(struct gendisk *disk, struct request *rq,
		      const struct ksm_crypt *crypt)
{
	/* Nearly all have one bio, which need not be looked up again. */
	if (likely(!rq->bio->bi_next))
		ksm_ctx_done(crypt->ctx, rq->bio->bi_iter.bi_size);
	else
		bios_done(disk, rq);
}
EXPORT_SYMBOL_KSM(ksm_request_done);
