// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop over data units: one cipher call each, everything else hoisted.
 *
 * Three ways to run it. Small requests that never pend live on the stack. The
 * others use a struct ksm_request that the caller keeps until the range is
 * done. The library needs neither.
 */
#include <linux/bio.h>
#include <linux/highmem.h>
#include <linux/slab.h>

#include "crypt.h"
#include "engine.h"

/*
 * Fill @unit->src with the segments of the data unit at the front of @range,
 * which spans several of them.
 */
static noinline int map_spanning_unit(const struct ksm_range *range,
				      struct ksm_unit *unit)
{
	struct bvec_iter it = range->iter;
	unsigned int left = range->unit;
	unsigned int n = 0;

	sg_init_table(unit->src, KSM_MAX_SEGS);
	while (left) {
		struct bio_vec bv = mp_bvec_iter_bvec(range->src, it);
		unsigned int len = min(bv.bv_len, left);

		if ((len | bv.bv_offset) & (KSM_SEG_ALIGN - 1))
			return -EINVAL;
		sg_set_page(&unit->src[n++], bv.bv_page, len, bv.bv_offset);
		bvec_iter_advance(range->src, &it, len);
		left -= len;
	}
	sg_mark_end(&unit->src[n - 1]);
	return 0;
}

static __always_inline void set_iv(struct ksm_unit *unit, u64 iv, bool wide)
{
	unit->iv[0] = cpu_to_le64(iv);
	unit->iv[1] = 0;
	if (wide) {
		unit->iv[2] = 0;
		unit->iv[3] = 0;
	}
}

static __always_inline void set_dst(struct ksm_range *range,
				    struct ksm_unit *unit)
{
	const struct bio_vec *bv = &range->dst[range->dst_off >> PAGE_SHIFT];

	sg_set_page(&unit->dst, bv->bv_page, range->unit,
		    offset_in_page(range->dst_off));
	range->dst_off += range->unit;
}

static __always_inline int crypt_unit(struct ksm_range *range,
				      struct ksm_unit *unit,
				      struct skcipher_request *req, bool wide)
{
	int err;

	set_iv(unit, range->iv, wide);
	range->iv += range->iv_step;
	if (range->dst) {
		set_dst(range, unit);
		err = crypto_skcipher_encrypt(req);
	} else {
		err = crypto_skcipher_decrypt(req);
	}
	return err;
}

/*
 * A data unit that spans segments: rare, since the queue limits that are
 * announced ask for better.
 */
static noinline int crypt_spanning_unit(struct ksm_range *range,
					struct ksm_unit *unit,
					struct skcipher_request *req, bool wide)
{
	int err;

	err = map_spanning_unit(range, unit);
	if (err)
		return err;
	err = crypt_unit(range, unit, req, wide);
	bvec_iter_advance(range->src, &range->iter, range->unit);
	return err;
}

/*
 * Run @req over @range. Ends at the first data unit that is not done at once:
 * -EINPROGRESS or -EBUSY then say that it is pending and will be counted as
 * done in @range.
 */
static __always_inline int crypt_units(struct ksm_range *range,
				       struct ksm_unit *unit,
				       struct skcipher_request *req, bool wide)
{
	const unsigned int size = range->unit;
	int err;

	skcipher_request_set_crypt(req, unit->src,
				   range->dst ? &unit->dst : unit->src, size,
				   unit->iv);
	while (range->iter.bi_size) {
		struct bio_vec bv = mp_bvec_iter_bvec(range->src, range->iter);
		unsigned int off, len;

		if (unlikely(bv.bv_len < size)) {
			err = crypt_spanning_unit(range, unit, req, wide);
			if (err)
				return err;
			sg_init_table(unit->src, 1);
			continue;
		}
		if (unlikely(bv.bv_offset & (KSM_SEG_ALIGN - 1)))
			return -EINVAL;

		len = round_down(bv.bv_len, size);
		for (off = 0, err = 0; off < len && !err; off += size) {
			unsigned int pos = bv.bv_offset + off;

			sg_set_page(unit->src, bv.bv_page + (pos >> PAGE_SHIFT),
				    size, offset_in_page(pos));
			err = crypt_unit(range, unit, req, wide);
		}
		bvec_iter_advance(range->src, &range->iter, off);
		if (unlikely(err))
			return err;
	}
	return 0;
}

static __always_inline int crypt_all(struct ksm_engine *engine,
				     struct ksm_range *range,
				     struct ksm_unit *unit,
				     struct skcipher_request *req)
{
	sg_init_table(unit->src, 1);
	if (range->dst)
		sg_init_table(&unit->dst, 1);
	if (unlikely(engine->mode->iv_size > 16))
		return crypt_units(range, unit, req, true);
	return crypt_units(range, unit, req, false);
}

/* The request is small and done when the call returns. */
static noinline int crypt_on_stack(struct ksm_engine *engine,
				   struct ksm_range *range)
{
	u8 buf[sizeof(struct skcipher_request) +
	       KSM_STACK_REQ_CTX] CRYPTO_MINALIGN_ATTR __uninitialized;
	struct skcipher_request *req = (void *)buf;
	struct ksm_unit unit __uninitialized;

	skcipher_request_set_tfm(req, engine->tfm);
	skcipher_request_set_callback(req, 0, NULL, NULL);
	return crypt_all(engine, range, &unit, req);
}

static int crypt_with_request(struct ksm_engine *engine,
			      struct ksm_range *range,
			      struct ksm_request *request, bool may_sleep)
{
	int err;

	/*
	 * Never CRYPTO_TFM_REQ_MAY_SLEEP: with it, some ciphers allocate with
	 * GFP_KERNEL, which may recurse into this very device.
	 */
	crypto_init_wait(&request->wait);
	skcipher_request_set_tfm(&request->req, engine->tfm);
	skcipher_request_set_callback(&request->req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &request->wait);
	do {
		err = crypt_all(engine, range, &request->unit, &request->req);
		if (err != -EINPROGRESS && err != -EBUSY)
			return err;
		if (!may_sleep)
			return -EINPROGRESS;
		err = ksm_crypt_wait(request);
	} while (!err);
	return err;
}

#ifdef KSM_HAVE_AES_XTS_LIB
static void library_segment(struct ksm_engine *engine, struct ksm_range *range,
			    struct bio_vec *bv, u8 *tweak, bool cont)
{
	u8 *src = kmap_local_page(bv->bv_page) + bv->bv_offset;
	u8 *dst;

	if (!range->dst) {
		aes_xts_decrypt(src, src, bv->bv_len, tweak, engine->lib_key,
				cont);
		kunmap_local(src);
		return;
	}
	dst = kmap_local_page(range->dst[range->dst_off / PAGE_SIZE].bv_page);
	aes_xts_encrypt(dst + offset_in_page(range->dst_off), src, bv->bv_len,
			tweak, engine->lib_key, cont);
	kunmap_local(dst);
	kunmap_local(src);
	range->dst_off += bv->bv_len;
}

static int crypt_with_library(struct ksm_engine *engine,
			      struct ksm_range *range)
{
	while (range->iter.bi_size) {
		__le64 tweak[2] = { cpu_to_le64(range->iv), 0 };
		unsigned int left = range->unit;

		while (left) {
			struct bio_vec bv =
				bvec_iter_bvec(range->src, range->iter);

			bv.bv_len = min(bv.bv_len, left);
			if ((bv.bv_len | bv.bv_offset) & (KSM_SEG_ALIGN - 1))
				return -EINVAL;
			library_segment(engine, range, &bv, (u8 *)tweak,
					left != range->unit);
			bvec_iter_advance(range->src, &range->iter, bv.bv_len);
			left -= bv.bv_len;
		}
		range->iv += range->iv_step;
	}
	return 0;
}
#else
static int crypt_with_library(struct ksm_engine *engine,
			      struct ksm_range *range)
{
	return -EOPNOTSUPP;
}
#endif

/**
 * ksm_crypt_range() - encrypt or decrypt data units
 * @engine: the engine, with a key
 * @range: what; holds what is left if this returns an error
 * @request: memory for a request, if ksm_engine_req_size() is not 0
 * @may_sleep: whether this may wait for requests that pend
 *
 * Context: any in which the FPU can be used (may_use_simd()).
 * Return: 0 when all of @range is done; -EINPROGRESS if one data unit is
 *	pending: call ksm_crypt_wait(), then this again for the rest (only if
 *	!@may_sleep); or another negative errno.
 */
int ksm_crypt_range(struct ksm_engine *engine, struct ksm_range *range,
		    struct ksm_request *request, bool may_sleep)
{
	if (likely(engine->stack_req))
		return crypt_on_stack(engine, range);
	if (engine->kind == KSM_ENGINE_LIBRARY)
		return crypt_with_library(engine, range);
	return crypt_with_request(engine, range, request, may_sleep);
}

/**
 * ksm_crypt_wait() - wait for the data unit that is pending
 * @request: the request
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative errno, as the cipher said.
 */
int ksm_crypt_wait(struct ksm_request *request)
{
	return crypto_wait_req(-EINPROGRESS, &request->wait);
}

/**
 * ksm_crypt_page() - encrypt a page in the way that data is, for measuring
 * @engine: the engine, with a key
 * @page: the page, encrypted onto itself
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative errno.
 */
int ksm_crypt_page(struct ksm_engine *engine, struct page *page)
{
	unsigned int req_size = ksm_engine_req_size(engine);
	struct bio_vec bv = {
		.bv_page = page,
		.bv_len = KSM_MAX_DATA_UNIT,
	};
	struct ksm_range range = {
		.src = &bv,
		.iter.bi_size = KSM_MAX_DATA_UNIT,
		.dst = &bv,
		.iv_step = 1,
		.unit = KSM_MAX_DATA_UNIT,
	};
	struct ksm_request *request = NULL;
	int err;

	if (req_size) {
		request = kmalloc(req_size, GFP_KERNEL);
		if (!request)
			return -ENOMEM;
	}
	err = ksm_crypt_range(engine, &range, request, true);
	kfree_sensitive(request);
	return err;
}
