/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounce pages: where a write's ciphertext goes.
 */
#ifndef _KSM_BOUNCE_H
#define _KSM_BOUNCE_H

#include <linux/bvec.h>
#include <linux/mempool.h>
#include <linux/mutex.h>

/**
 * struct ksm_bounce - one mapping's guarantee that writes get their pages
 * @pages: the reserve; holds as many pages as the largest write needs
 * @lock: only its holder draws on the reserve, so that two writes can never
 *	hold a part of it each and wait for the rest
 * @filled: the reserve is complete
 */
struct ksm_bounce {
	mempool_t pages;
	struct mutex lock; /* held to draw on @pages */
	bool filled;
};

int ksm_bounce_init(struct ksm_bounce *bounce, unsigned int reserve);
void ksm_bounce_exit(struct ksm_bounce *bounce);
bool ksm_bounce_alloc(struct ksm_bounce *bounce, struct bio_vec *vecs,
		      unsigned int nr);
void ksm_bounce_free(struct ksm_bounce *bounce, const struct bio_vec *vecs,
		     unsigned int nr);

int ksm_bounce_cache_init(unsigned int pages_per_cpu);
void ksm_bounce_cache_exit(void);
unsigned long ksm_bounce_cached(void);
unsigned long ksm_bounce_count(unsigned long *limit);

#endif /* _KSM_BOUNCE_H */
