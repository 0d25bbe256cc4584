/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of bio crypt contexts.
 */
#ifndef _KSM_CORE_CONTEXT_H
#define _KSM_CORE_CONTEXT_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include <ksm/context.h>

#include "client.h"
#include "registry.h"

/* One table for all: levels without slots need no memory for theirs. */
#define KSM_CTX_BITS 10

/**
 * struct ksm_bucket - contexts of the same hash value
 * @lock: protects @head
 * @head: the contexts
 */
struct ksm_bucket {
	spinlock_t lock; /* see above */
	struct hlist_head head;
};

extern struct ksm_bucket ksm_ctx_table[1 << KSM_CTX_BITS];

static inline struct ksm_bucket *ksm_ctx_bucket(const struct bio_vec *vec)
{
	return &ksm_ctx_table[hash_ptr(vec, KSM_CTX_BITS)];
}

/*
 * A bio does not have its vector to itself: all I/O to a buffer that is
 * registered with io_uring shares one. What matches two contexts could be told
 * to be either's, and the memory of one of them may be gone before its time.
 * Those without a key are not told to be anybody's.
 */
static __always_inline struct ksm_ctx *ksm_ctx_rival(struct ksm_bucket *bucket,
						     const struct ksm_ctx *ctx)
{
	struct ksm_ctx *other;

	hlist_for_each_entry(other, &bucket->head, node) {
		if (unlikely(other->vec == ctx->vec &&
			     (other->key || ctx->key) &&
			     other->client->disk->disk ==
				     ctx->client->disk->disk &&
			     other->sector < ctx->sector + (ctx->size >>
							    SECTOR_SHIFT) &&
			     ctx->sector < other->sector + (other->size >>
							    SECTOR_SHIFT)))
			return other;
	}
	return NULL;
}

int ksm_ctx_wait_for(struct ksm_ctx *rival, struct ksm_ctx *ctx, bool wait);

/**
 * ksm_ctx_attach() - put a context into the table
 * @ctx: the context, filled in, with a slot if there are slots. One without a key
 *	goes to every disk.
 * @wait: it can wait for another bio
 *
 * Inline, because every bio does it.
 *
 * Context: any context.
 * Return: 0; -ENODEV if the disk has gone; -EAGAIN if it is frozen. If a bio
 *	with the same vector and sectors is under way, and one of both has a key:
 *	-EEXIST if it is another client's, else -EINPROGRESS, and when that ends
 *	the client's worker goes on with @ctx, or has done so already; -EBUSY
 *	without @wait.
 */
static __always_inline int ksm_ctx_attach(struct ksm_ctx *ctx, bool wait)
{
	struct ksm_bucket *bucket = ksm_ctx_bucket(ctx->vec);
	enum ksm_disk_state state;
	struct ksm_ctx *rival;
	unsigned long flags;
	int err = 0;

	ctx->bucket = bucket;
	spin_lock_irqsave(&bucket->lock, flags);
	/* Under the lock: ksm_ctx_drain() sees this context or we see this. */
	state = READ_ONCE(ctx->client->disk->state);
	if (unlikely(state != KSM_DISK_OPEN && ctx->key)) {
		err = state == KSM_DISK_GONE ? -ENODEV : -EAGAIN;
		goto unlock;
	}
	rival = ksm_ctx_rival(bucket, ctx);
	if (unlikely(rival))
		err = ksm_ctx_wait_for(rival, ctx, wait);
	else
		hlist_add_head(&ctx->node, &bucket->head);
unlock:
	spin_unlock_irqrestore(&bucket->lock, flags);
	return err;
}

void ksm_ctx_pass_on(struct ksm_ctx *ctx);
void ksm_ctx_table_init(void);
void ksm_ctx_drain(const struct gendisk *disk);

#endif /* _KSM_CORE_CONTEXT_H */
