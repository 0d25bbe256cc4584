// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bounce pages, from three places in this order:
 *
 * - a cache per CPU, shared by all mappings: distributions zero every page that
 *   the allocator hands out, which costs more than the rest of a small write.
 *   It is bounded, gives way to memory pressure, gives back what is idle, and
 *   holds nothing but ciphertext, since that is all that is ever written to
 *   these pages;
 * - the page allocator, without waiting, as long as all mappings together have
 *   no more than a small part of the memory;
 * - the mapping's own reserve, with waiting. This is what guarantees progress:
 *   pages that come back refill the reserve before anything else.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <shrinker.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "bounce.h"

#define KSM_GFP_FAST \
	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC)

/* Pages that were not used for as long as this to twice that are given back. */
#define KSM_CACHE_IDLE (5 * HZ)

/* Part of the memory that they may take, not counting caches and reserves. */
#define KSM_BOUNCE_PERCENT 2

/* Pages in use, in the caches and in reserves; and how many there may be. */
static struct percpu_counter bounce_pages;
static atomic_long_t bounce_limit;

/* Also a mempool's function. The reserve itself has no limit but its size. */
static void *page_get(gfp_t gfp, void *pool_data)
{
	struct ksm_bounce *bounce = pool_data;
	struct page *page;

	/* So many writes are under way that this one may as well wait. */
	if (bounce->filled && percpu_counter_read_positive(&bounce_pages) >=
				      atomic_long_read(&bounce_limit))
		return NULL;
	page = alloc_page(gfp);
	if (page)
		percpu_counter_inc(&bounce_pages);
	return page;
}

static void page_put(void *page, void *pool_data)
{
	percpu_counter_dec(&bounce_pages);
	__free_page(page);
}

/**
 * struct ksm_page_cache - pages of one CPU
 * @lock: protects the others; taken with interrupts off, since writes may end
 *	in any context, and by the shrinker on other CPUs; otherwise it is this
 *	CPU's alone
 * @nr: number of pages
 * @unused: the smallest @nr since it was last looked at for idle pages
 * @pages: the pages, of which the last ones are taken first
 */
struct ksm_page_cache {
	spinlock_t lock; /* see above */
	unsigned int nr;
	unsigned int unused;
	struct page *pages[];
};

static struct ksm_page_cache __percpu *page_cache;
static unsigned int page_cache_max;

static void trim_work(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(trim, trim_work);
/* Set by who gives pages, cleared by trim_work() before it looks for any. */
static bool trim_is_due;

/* Inline, here and below, for one page, which is what most writes need. */
static __always_inline unsigned int cache_take(struct bio_vec *vecs,
					       unsigned int nr)
{
	struct ksm_page_cache *cache;
	unsigned long flags;
	unsigned int i;

	/* Being moved to another CPU between these two does no harm. */
	cache = raw_cpu_ptr(page_cache);
	spin_lock_irqsave(&cache->lock, flags);
	nr = min(nr, cache->nr);
	for (i = 0; i < nr; i++)
		vecs[i].bv_page = cache->pages[--cache->nr];
	cache->unused = min(cache->unused, cache->nr);
	spin_unlock_irqrestore(&cache->lock, flags);
	return nr;
}

static void trim_later(void)
{
	WRITE_ONCE(trim_is_due, true);
	schedule_delayed_work(&trim, KSM_CACHE_IDLE);
}

static __always_inline unsigned int cache_give(const struct bio_vec *vecs,
					       unsigned int nr)
{
	struct ksm_page_cache *cache;
	unsigned long flags;
	unsigned int i;

	cache = raw_cpu_ptr(page_cache);
	spin_lock_irqsave(&cache->lock, flags);
	nr = min(nr, page_cache_max - cache->nr);
	for (i = 0; i < nr; i++)
		cache->pages[cache->nr++] = vecs[i].bv_page;
	spin_unlock_irqrestore(&cache->lock, flags);
	/* If it is seen as set, the work has yet to look at these pages. */
	if (unlikely(nr && !READ_ONCE(trim_is_due)))
		trim_later();
	return nr;
}

static unsigned long cache_drain(struct ksm_page_cache *cache, unsigned long nr)
{
	unsigned long freed = 0;
	struct page *page;

	while (freed < nr) {
		spin_lock_irq(&cache->lock);
		page = cache->nr ? cache->pages[--cache->nr] : NULL;
		cache->unused = min(cache->unused, cache->nr);
		spin_unlock_irq(&cache->lock);
		if (!page)
			break;
		page_put(page, NULL);
		freed++;
	}
	return freed;
}

/**
 * ksm_bounce_cached() - count the pages in the caches
 *
 * Context: any context.
 * Return: pages of all CPUs.
 */
unsigned long ksm_bounce_cached(void)
{
	unsigned long nr = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		nr += READ_ONCE(per_cpu_ptr(page_cache, cpu)->nr);
	return nr;
}

/**
 * ksm_bounce_count() - count the pages of all mappings
 * @limit: set to how many there may be before writes wait for their reserve
 *
 * Context: process context.
 * Return: pages in use, in the caches and in reserves.
 */
unsigned long ksm_bounce_count(unsigned long *limit)
{
	*limit = atomic_long_read(&bounce_limit);
	return percpu_counter_sum_positive(&bounce_pages);
}

static unsigned long cache_count(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	return ksm_bounce_cached() ?: SHRINK_EMPTY;
}

static unsigned long cache_scan(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	unsigned long freed = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		if (freed >= sc->nr_to_scan)
			break;
		freed += cache_drain(per_cpu_ptr(page_cache, cpu),
				     sc->nr_to_scan - freed);
	}
	return freed ? freed : SHRINK_STOP;
}

/* Give back what nobody has used since the last time. */
static void trim_work(struct work_struct *work)
{
	struct ksm_page_cache *cache;
	unsigned int unused;
	int cpu;

	/*
	 * Before looking: who gives pages to a cache after that sets it again.
	 * The cache's lock orders the two.
	 */
	WRITE_ONCE(trim_is_due, false);
	for_each_possible_cpu(cpu) {
		cache = per_cpu_ptr(page_cache, cpu);
		spin_lock_irq(&cache->lock);
		unused = cache->unused;
		cache->unused = cache->nr;
		spin_unlock_irq(&cache->lock);
		cache_drain(cache, unused);
	}
	if (ksm_bounce_cached())
		trim_later();
}

/**
 * ksm_bounce_cache_init() - set up the caches that all mappings share
 * @pages_per_cpu: bound of each CPU's cache; 0 for no caching
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int ksm_bounce_cache_init(unsigned int pages_per_cpu)
{
	int cpu, err;

	err = percpu_counter_init(&bounce_pages, 0, GFP_KERNEL);
	if (err)
		return err;
	atomic_long_set(&bounce_limit,
			totalram_pages() * KSM_BOUNCE_PERCENT / 100 +
				num_possible_cpus() * pages_per_cpu);
	page_cache =
		__alloc_percpu(sizeof(struct ksm_page_cache) +
				       pages_per_cpu * sizeof(struct page *),
			       __alignof__(struct ksm_page_cache));
	if (!page_cache) {
		err = -ENOMEM;
		goto destroy_counter;
	}
	page_cache_max = pages_per_cpu;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(page_cache, cpu)->lock);

	err = compat_shrinker_register("ksm-bounce", cache_count, cache_scan);
	if (!err)
		return 0;
	free_percpu(page_cache);
destroy_counter:
	percpu_counter_destroy(&bounce_pages);
	return err;
}

/**
 * ksm_bounce_cache_exit() - free the caches
 *
 * Context: process context, when no mapping is left.
 */
void ksm_bounce_cache_exit(void)
{
	int cpu;

	compat_shrinker_unregister();
	cancel_delayed_work_sync(&trim);
	for_each_possible_cpu(cpu)
		cache_drain(per_cpu_ptr(page_cache, cpu), ULONG_MAX);
	free_percpu(page_cache);
	percpu_counter_destroy(&bounce_pages);
}

/**
 * ksm_bounce_init() - make a mapping's reserve
 * @bounce: memory for it
 * @reserve: pages, as many as the largest write will need
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int ksm_bounce_init(struct ksm_bounce *bounce, unsigned int reserve)
{
	int err;

	mutex_init(&bounce->lock);
	bounce->filled = false;
	err = mempool_init(&bounce->pages, reserve, page_get, page_put, bounce);
	if (err)
		return err;
	atomic_long_add(reserve, &bounce_limit);
	bounce->filled = true;
	return 0;
}

/**
 * ksm_bounce_exit() - free a mapping's reserve
 * @bounce: the reserve, with all pages given back
 *
 * Context: process context.
 */
void ksm_bounce_exit(struct ksm_bounce *bounce)
{
	if (bounce->filled)
		atomic_long_sub(bounce->pages.min_nr, &bounce_limit);
	mempool_exit(&bounce->pages);
	mutex_destroy(&bounce->lock);
}

static unsigned int alloc_fast(struct ksm_bounce *bounce, struct bio_vec *vecs,
			       unsigned int nr)
{
	unsigned int got = cache_take(vecs, nr);

	for (; unlikely(got < nr); got++) {
		vecs[got].bv_page = page_get(KSM_GFP_FAST, bounce);
		if (!vecs[got].bv_page)
			break;
	}
	return got;
}

/**
 * ksm_bounce_alloc() - get the pages for one write
 * @bounce: the mapping's reserve
 * @vecs: bv_page of each is set
 * @nr: how many; not more than the reserve holds
 *
 * Context: process context, may sleep until other writes of the mapping end.
 *	Always succeeds.
 * Return: true if it had to draw on the reserve.
 */
bool ksm_bounce_alloc(struct ksm_bounce *bounce, struct bio_vec *vecs,
		      unsigned int nr)
{
	unsigned int got;

	if (likely(nr == 1) && likely(cache_take(vecs, 1)))
		return false;
	got = alloc_fast(bounce, vecs, nr);
	if (likely(got == nr))
		return false;

	/*
	 * Wait with empty hands: what this write has got so far may be what
	 * the one before it in the queue for the reserve is waiting for.
	 */
	ksm_bounce_free(bounce, vecs, got);
	mutex_lock(&bounce->lock);
	for (got = 0; got < nr; got++)
		vecs[got].bv_page = mempool_alloc(&bounce->pages, GFP_NOIO);
	mutex_unlock(&bounce->lock);
	return true;
}

/**
 * ksm_bounce_free() - give pages back
 * @bounce: the mapping's reserve
 * @vecs: their vectors
 * @nr: how many
 *
 * Context: any context.
 */
void ksm_bounce_free(struct ksm_bounce *bounce, const struct bio_vec *vecs,
		     unsigned int nr)
{
	mempool_t *pool = &bounce->pages;
	unsigned int i = 0;

	/*
	 * The same unlocked look at the reserve as mempool_free() takes, with
	 * its barrier: pages that were drawn from the reserve must not miss
	 * that it has become short by them.
	 */
	smp_rmb();
	/* Races with whoever changes the number under the pool's lock, as there. */
	if (likely(data_race(READ_ONCE(pool->curr_nr)) >= pool->min_nr))
		i = likely(nr == 1) ? cache_give(vecs, 1) :
				      cache_give(vecs, nr);
	for (; i < nr; i++)
		mempool_free(vecs[i].bv_page, pool);
}
