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

/**
 * ksm_ctx_attach() - put a context into the table
 * @ctx: the context, filled in, with a slot if there are slots
 *
 * Inline, because every bio does it.
 *
 * Context: any context.
 * Return: 0; -ENODEV if the disk has gone; -EAGAIN if it is frozen.
 */
static __always_inline int ksm_ctx_attach(struct ksm_ctx *ctx)
{
	struct ksm_bucket *bucket = ksm_ctx_bucket(ctx->vec);
	enum ksm_disk_state state;
	unsigned long flags;

	ctx->bucket = bucket;
	spin_lock_irqsave(&bucket->lock, flags);
	/* Under the lock: ksm_ctx_drain() sees this context or we see this. */
	state = READ_ONCE(ctx->client->disk->state);
	if (likely(state == KSM_DISK_OPEN))
		hlist_add_head(&ctx->node, &bucket->head);
	spin_unlock_irqrestore(&bucket->lock, flags);
	if (likely(state == KSM_DISK_OPEN))
		return 0;
	return state == KSM_DISK_GONE ? -ENODEV : -EAGAIN;
}

void ksm_ctx_table_init(void);
void ksm_ctx_drain(const struct gendisk *disk);

#endif /* _KSM_CORE_CONTEXT_H */
