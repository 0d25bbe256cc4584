/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bios that are left to another CPU as a whole.
 */
#ifndef _KSM_SHARE_H
#define _KSM_SHARE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "mapping.h"

/**
 * struct ksm_share_worker - bios that one CPU has left to one worker
 * @share: the CPU's
 * @added: the bios' &ksm_fallback_io.soon, the last one first
 * @under_way: bios that it has not done yet, decremented by @do_one
 * @do_one: what it does with one
 * @wq: runs @work
 * @work: the worker
 */
struct ksm_share_worker {
	struct ksm_share *share;
	struct llist_head added;
	atomic_t under_way;
	void (*do_one)(struct ksm_share_worker *worker,
		       struct ksm_fallback_io *io);
	struct workqueue_struct *wq;
	struct work_struct work;
};

/**
 * struct ksm_share - a mapping's bios on one CPU
 * @under_way: bios that were left to workers and have not ended
 * @credit: bios that may be left to workers; lost updates do no harm
 * @gap: bios until the next attempt, without credit
 * @next_gap: what @gap will be after it
 * @nr_workers: workers for reads; there are as many for writes
 * @workers: who helps this CPU: with reads, then with writes
 */
struct ksm_share {
	atomic_t under_way;
	unsigned int credit;
	unsigned int gap;
	unsigned int next_gap;
	unsigned int nr_workers;
	struct ksm_share_worker workers[];
};

int ksm_share_init(struct ksm_fallback *fb, const char *name);
void ksm_share_exit(struct ksm_fallback *fb);
void ksm_share_refresh(struct ksm_share *share);
bool ksm_share_read(struct ksm_fallback *fb, struct ksm_fallback_io *io);
bool ksm_share_write(struct ksm_fallback *fb, struct ksm_fallback_io *io);

/**
 * ksm_share_look() - another bio is submitted
 * @fb: the mapping
 *
 * If what this CPU has left to workers has not ended yet, whoever submits did
 * not wait for it.
 *
 * Context: any context.
 */
static __always_inline void ksm_share_look(const struct ksm_fallback *fb)
{
	/* Being moved to another CPU does no harm. */
	struct ksm_share *share = fb->share ? raw_cpu_ptr(fb->share) : NULL;

	if (share && atomic_read(&share->under_way))
		ksm_share_refresh(share);
}

/**
 * ksm_share_ended() - a bio that was left to a worker is about to end
 * @share: where
 *
 * Before anything above is told: who waited for it may submit the next one at
 * once, which should not be taken for another at the same time.
 *
 * Context: any context.
 */
static inline void ksm_share_ended(struct ksm_share *share)
{
	atomic_dec(&share->under_way);
}

#endif /* _KSM_SHARE_H */
