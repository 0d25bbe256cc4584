/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loop over data units.
 */
#ifndef _KSM_CRYPT_H
#define _KSM_CRYPT_H

#include <linux/scatterlist.h>
#include <crypto/skcipher.h>

#include <ksm/core.h>
#include <ksm/fallback.h>

#include "engine.h"

/* Segments of a bio are whole 512-byte blocks, so a data unit has up to 8. */
#define KSM_SEG_ALIGN 512
#define KSM_MAX_SEGS  (KSM_MAX_DATA_UNIT / KSM_SEG_ALIGN)

/**
 * struct ksm_unit - what a cipher call points to
 * @iv: the IV; the cipher may change it
 * @dst: result of an encryption
 * @src: data
 */
struct ksm_unit {
	__le64 iv[KSM_MAX_IV_SIZE / 8] __aligned(16);
	struct scatterlist dst;
	struct scatterlist src;
};

/**
 * struct ksm_request - a cipher request that may outlive the call that made it
 * @wait: signalled when a pending data unit has been done
 * @unit: what the request points to
 * @req: the request, with the engine's context behind it
 *
 * It lies in each bio's state, and Debian's kernels zero that for each bio, so
 * it is kept small.
 */
struct ksm_request {
	struct crypto_wait wait;
	struct ksm_unit unit;
	struct skcipher_request req;
};

int ksm_crypt_on_stack(struct ksm_engine *engine, struct ksm_range *range);
int ksm_crypt_otherwise(struct ksm_engine *engine, struct ksm_range *range,
			struct ksm_request *request, bool may_sleep);
int ksm_crypt_wait(struct ksm_request *request);
int ksm_crypt_page(struct ksm_engine *engine, struct page *page);

/**
 * ksm_crypt_range() - encrypt or decrypt data units
 * @engine: the engine, with a key
 * @range: what; holds what is left if this returns an error
 * @request: memory for a request, if ksm_engine_req_size() is not 0
 * @may_sleep: whether this may wait for requests that pend
 *
 * Context: any in which the FPU can be used (may_use_simd()).
 * Return: 0 when all of @range is done; and only if !@may_sleep: -EINPROGRESS if
 *	one data unit is pending: call ksm_crypt_wait(), then this again for the
 *	rest; -EAGAIN if the rest needs somebody who may sleep; or another negative
 *	errno.
 */
static inline int ksm_crypt_range(struct ksm_engine *engine,
				  struct ksm_range *range,
				  struct ksm_request *request, bool may_sleep)
{
	if (likely(engine->stack_req))
		return ksm_crypt_on_stack(engine, range);
	return ksm_crypt_otherwise(engine, range, request, may_sleep);
}

#endif /* _KSM_CRYPT_H */
