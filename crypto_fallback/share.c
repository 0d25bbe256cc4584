// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bios that are left to another CPU as a whole: those that take the cipher so
 * long that this is worth a change of threads, and only while there is more than
 * one bio at a time. Who waits for each of its bios should not wait for a worker,
 * too.
 *
 * How deep a queue is cannot be seen: with a device that completes where bios
 * are submitted there is never more than one bio, until one is left to somebody
 * else. So now and then one is. If the next comes to the same CPU before that one
 * has ended, there is more to be had, and workers get bios as long as they have
 * few. If none came, the next attempt is twice as far away.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/sched.h>

#include "io.h"
#include "params.h"
#include "share.h"

/* Workers per CPU that gives bios away; and bios that each may have at a time. */
#define KSM_SHARE_WORKERS 8
#define KSM_SHARE_DEPTH	  4

/* Bios that may be left to workers after there was depth. */
#define KSM_SHARE_CREDIT 32

/* Bios between two attempts. */
#define KSM_SHARE_MIN_GAP 32U
#define KSM_SHARE_MAX_GAP 1024U

static void share_work(struct work_struct *work)
{
	struct ksm_share_worker *worker =
		container_of(work, struct ksm_share_worker, work);
	struct llist_node *node, *next;

	while ((node = llist_del_all(&worker->added))) {
		node = llist_reverse_order(node);
		for (; node; node = next) {
			/* The bio may be gone after the call. */
			next = node->next;
			worker->do_one(worker,
				       llist_entry(node, struct ksm_fallback_io,
						   soon));
			cond_resched();
		}
	}
}

static void leave_to(struct ksm_share_worker *worker,
		     struct ksm_fallback_io *io)
{
	atomic_inc(&worker->share->under_way);
	atomic_inc(&worker->under_way);
	/*
	 * As soon as it is on the list a worker that is running may end the bio,
	 * and the mapping may go: device mapper waits for readers before that.
	 */
	rcu_read_lock();
	if (llist_add(&io->soon, &worker->added))
		queue_work(worker->wq, &worker->work);
	rcu_read_unlock();
}

/**
 * ksm_share_refresh() - there is more than one bio at a time
 * @share: where
 *
 * Context: any context.
 */
void ksm_share_refresh(struct ksm_share *share)
{
	WRITE_ONCE(share->credit, KSM_SHARE_CREDIT);
	WRITE_ONCE(share->gap, 0);
	WRITE_ONCE(share->next_gap, KSM_SHARE_MIN_GAP);
}

/* Is it the time for this CPU to leave a bio to a worker? */
static bool attempt(struct ksm_share *share)
{
	unsigned int credit = READ_ONCE(share->credit);
	unsigned int gap = READ_ONCE(share->gap);

	if (credit) {
		WRITE_ONCE(share->credit, credit - 1);
		return true;
	}
	if (gap) {
		WRITE_ONCE(share->gap, gap - 1);
		return false;
	}
	gap = READ_ONCE(share->next_gap);
	WRITE_ONCE(share->gap, gap);
	WRITE_ONCE(share->next_gap, min(2 * gap, KSM_SHARE_MAX_GAP));
	return true;
}

static bool leave_to_one(struct ksm_share *share,
			 struct ksm_share_worker *worker,
			 struct ksm_fallback_io *io)
{
	unsigned int i;

	for (i = 0; i < share->nr_workers; i++, worker++) {
		if (atomic_read(&worker->under_way) < KSM_SHARE_DEPTH) {
			leave_to(worker, io);
			return true;
		}
	}
	return false;
}

/**
 * ksm_share_read() - perhaps leave a read to another CPU
 * @fb: the mapping
 * @io: the bio's state; at least &ksm_fallback.share_bytes of data
 *
 * Context: any context.
 * Return: true if a worker has it or has had it; @io may be gone.
 */
bool ksm_share_read(struct ksm_fallback *fb, struct ksm_fallback_io *io)
{
	/* Being moved to another CPU does no harm. */
	struct ksm_share *share = raw_cpu_ptr(fb->share);

	return num_online_cpus() > 1 && attempt(share) &&
	       leave_to_one(share, share->workers, io);
}

/**
 * ksm_share_write() - perhaps leave a write to another CPU
 * @fb: the mapping
 * @io: the bio's state; at least &ksm_fallback.share_bytes of data
 *
 * Context: any context.
 * Return: true if a worker has it or has had it; @io may be gone.
 */
bool ksm_share_write(struct ksm_fallback *fb, struct ksm_fallback_io *io)
{
	struct ksm_share *share = raw_cpu_ptr(fb->share);

	if (num_online_cpus() < 2 || !attempt(share))
		return false;
	io->share = share;
	if (leave_to_one(share, share->workers + share->nr_workers, io))
		return true;
	io->share = NULL;
	return false;
}

/* The smallest bio that takes the cipher share_ns. */
static unsigned int share_bytes(const struct ksm_engine *engine)
{
	if (!ksm_share_ns)
		return 0;
	/* What was not measured is taken to be as slow as teams are made for. */
	if (!engine->ns)
		return ksm_share_ns < UINT_MAX ? KSM_PARALLEL_BYTES : UINT_MAX;
	return min_t(u64, UINT_MAX,
		     div64_u64((u64)ksm_share_ns * PAGE_SIZE + engine->ns - 1,
			       engine->ns));
}

static void init_worker(struct ksm_share_worker *worker,
			struct ksm_share *share, struct workqueue_struct *wq,
			void (*do_one)(struct ksm_share_worker *worker,
				       struct ksm_fallback_io *io))
{
	worker->share = share;
	worker->do_one = do_one;
	worker->wq = wq;
	INIT_WORK(&worker->work, share_work);
}

static void init_share(struct ksm_share *share, struct ksm_fallback *fb,
		       unsigned int nr)
{
	unsigned int i;

	share->next_gap = KSM_SHARE_MIN_GAP;
	share->nr_workers = nr;
	for (i = 0; i < nr; i++) {
		init_worker(&share->workers[i], share, fb->wq,
			    ksm_io_decrypt_shared);
		init_worker(&share->workers[nr + i], share, fb->write_wq,
			    ksm_io_encrypt_shared);
	}
}

/**
 * ksm_share_init() - let CPUs leave a mapping's bios to others
 * @fb: the mapping, with its engine and work queue
 * @name: its name
 *
 * Writes have a work queue of their own: what submits may have to wait for the
 * device, and reads should not.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ksm_share_init(struct ksm_fallback *fb, const char *name)
{
	unsigned int nr =
		min_t(unsigned int, num_possible_cpus() - 1, KSM_SHARE_WORKERS);
	struct ksm_share *share;
	int cpu;

	fb->share_bytes = UINT_MAX;
	if (ksm_share_ns == UINT_MAX || !nr)
		return 0;
	fb->write_wq = alloc_workqueue("ksm-write-%s",
				       WQ_MEM_RECLAIM | WQ_UNBOUND, 0, name);
	if (!fb->write_wq)
		return -ENOMEM;
	fb->share = __alloc_percpu(struct_size(share, workers, 2 * nr),
				   __alignof__(*share));
	if (!fb->share)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		init_share(per_cpu_ptr(fb->share, cpu), fb, nr);
	fb->share_bytes = share_bytes(&fb->engine);
	return 0;
}

/**
 * ksm_share_exit() - undo ksm_share_init()
 * @fb: the mapping, whose work queue for reads has been destroyed
 *
 * Context: process context, may sleep.
 */
void ksm_share_exit(struct ksm_fallback *fb)
{
	if (fb->write_wq)
		destroy_workqueue(fb->write_wq);
	free_percpu(fb->share);
}
