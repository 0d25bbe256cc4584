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

static __always_inline void set_iv(struct ksm_unit *unit, u64 iv)
{
	unit->iv[0] = cpu_to_le64(iv);
	unit->iv[1] = 0;
	unit->iv[2] = 0;
	unit->iv[3] = 0;
}

/*
 * All of a scatterlist of one entry but its size, which has been set and is
 * always the same. This is done for each data unit.
 */
static __always_inline void set_place(struct scatterlist *sg, struct page *page,
				      unsigned int offset)
{
	page += offset >> PAGE_SHIFT;
	sg->page_link = (unsigned long)page | SG_END;
	sg->offset = offset_in_page(offset);
}

/* Where @offset bytes into the pages of @dst are. */
static __always_inline void
set_dst(struct ksm_unit *unit, const struct bio_vec *dst, unsigned int offset)
{
	set_place(&unit->dst, dst[offset >> PAGE_SHIFT].bv_page,
		  offset_in_page(offset));
}

/* Fill @sg with the segments of the data unit at the front of @range. */
static int map_spanning_unit(const struct ksm_range *range, unsigned int left,
			     struct scatterlist *sg)
{
	struct bvec_iter it = range->iter;
	unsigned int n = 0;

	sg_init_table(sg, KSM_MAX_SEGS);
	while (left) {
		struct bio_vec bv = mp_bvec_iter_bvec(range->src, it);
		unsigned int len = min(bv.bv_len, left);

		if ((len | bv.bv_offset) & (KSM_SEG_ALIGN - 1))
			return -EINVAL;
		sg_set_page(&sg[n++], bv.bv_page, len, bv.bv_offset);
		bvec_iter_advance(range->src, &it, len);
		left -= len;
	}
	sg_mark_end(&sg[n - 1]);
	return 0;
}

/*
 * A data unit that spans segments: rare, since the queue limits that are
 * announced ask for better. So its scatterlist has no place in per-bio data;
 * @wait is for a unit that pends, which must be done before this returns.
 */
static noinline int crypt_spanning_unit(const struct ksm_engine *engine,
					struct ksm_range *range,
					struct ksm_unit *unit,
					struct skcipher_request *req,
					struct crypto_wait *wait)
{
	struct scatterlist segs[KSM_MAX_SEGS];
	int err;

	err = map_spanning_unit(range, engine->unit, segs);
	if (err)
		return err;
	set_iv(unit, range->iv);
	req->src = segs;
	if (range->dst) {
		set_dst(unit, range->dst, range->dst_off);
		err = crypto_skcipher_encrypt(req);
	} else {
		req->dst = segs;
		err = crypto_skcipher_decrypt(req);
	}
	if (wait)
		err = crypto_wait_req(err, wait);
	range->iv += engine->iv_step;
	range->dst_off += engine->unit;
	bvec_iter_advance(range->src, &range->iter, engine->unit);
	return err;
}

/**
 * enum ksm_pending - what to do about a request that may pend
 * @KSM_NEVER_PENDS: nothing, it does not
 * @KSM_MAY_WAIT: wait for it
 * @KSM_MAY_NOT_WAIT: return
 */
enum ksm_pending {
	KSM_NEVER_PENDS,
	KSM_MAY_WAIT,
	KSM_MAY_NOT_WAIT,
};

/* What is the same for all data units. */
static __always_inline void init_request(const struct ksm_engine *engine,
					 struct ksm_unit *unit,
					 struct skcipher_request *req, bool enc)
{
	struct scatterlist *dst = enc ? &unit->dst : &unit->src;
	const unsigned int size = engine->unit;

	unit->src.length = size;
	if (enc)
		unit->dst.length = size;
	skcipher_request_set_crypt(req, &unit->src, dst, size, unit->iv);
}

/*
 * The data units up to the first that is not all in one segment, or not aligned.
 * What changes from one to the next is in registers, and written back at the
 * end.
 */
static __always_inline int
crypt_whole_units(const struct ksm_engine *engine, struct ksm_range *range,
		  struct ksm_unit *unit, struct skcipher_request *req, bool enc)
{
	const struct bio_vec *bv = &range->src[range->iter.bi_idx];
	unsigned int done = range->iter.COMPAT_BVEC_DONE;
	unsigned int left = range->iter.bi_size;
	unsigned int dst_off = range->dst_off;
	const struct bio_vec *dst = range->dst;
	const unsigned int step = engine->iv_step;
	const unsigned int size = engine->unit;
	u64 iv = range->iv;
	int err = 0;

	while (left) {
		unsigned int offset = bv->bv_offset + done;

		if (unlikely(bv->bv_len - done < size ||
			     (offset & (KSM_SEG_ALIGN - 1))))
			break;
		set_iv(unit, iv);
		set_place(&unit->src, bv->bv_page, offset);
		iv += step;
		left -= size;
		done += size;
		if (done == bv->bv_len) {
			done = 0;
			bv++;
		}
		if (enc) {
			set_dst(unit, dst, dst_off);
			dst_off += size;
			err = crypto_skcipher_encrypt(req);
		} else {
			err = crypto_skcipher_decrypt(req);
		}
		if (unlikely(err))
			break;
	}
	range->iter.bi_idx = bv - range->src;
	range->iter.COMPAT_BVEC_DONE = done;
	range->iter.bi_size = left;
	range->dst_off = dst_off;
	range->iv = iv;
	return err;
}

/*
 * Run @req over @range. Ends at the first data unit that is not done at once:
 * -EINPROGRESS or -EBUSY then say that it is pending and is counted as done in
 * @range; -EAGAIN, that the rest is for somebody who can wait.
 */
static __always_inline int
crypt_units(const struct ksm_engine *engine, struct ksm_range *range,
	    struct ksm_unit *unit, struct skcipher_request *req,
	    struct crypto_wait *wait, enum ksm_pending pending, bool enc)
{
	int err;

	for (;;) {
		err = crypt_whole_units(engine, range, unit, req, enc);
		if (unlikely(err) || likely(!range->iter.bi_size))
			return err;

		if (mp_bvec_iter_len(range->src, range->iter) >= engine->unit)
			return -EINVAL;
		if (pending == KSM_MAY_NOT_WAIT)
			return -EAGAIN;
		err = crypt_spanning_unit(engine, range, unit, req, wait);
		if (unlikely(err))
			return err;
		init_request(engine, unit, req, enc);
	}
}

static __always_inline int
crypt_direction(const struct ksm_engine *engine, struct ksm_range *range,
		struct ksm_unit *unit, struct skcipher_request *req,
		struct crypto_wait *wait, enum ksm_pending pending, bool enc)
{
	const unsigned int size = engine->unit;
	const struct bio_vec *bv;
	unsigned int offset;

	init_request(engine, unit, req, enc);
	if (range->iter.bi_size != size)
		return crypt_units(engine, range, unit, req, wait, pending,
				   enc);

	/*
	 * Most small bios are one data unit: no loop, and nothing follows for
	 * which @range would have to go on.
	 */
	bv = &range->src[range->iter.bi_idx];
	offset = bv->bv_offset + range->iter.COMPAT_BVEC_DONE;
	if (unlikely(bv->bv_len - range->iter.COMPAT_BVEC_DONE < size ||
		     (offset & (KSM_SEG_ALIGN - 1))))
		return crypt_units(engine, range, unit, req, wait, pending,
				   enc);
	range->iter.bi_size = 0;
	set_iv(unit, range->iv);
	set_place(&unit->src, bv->bv_page, offset);
	if (!enc)
		return crypto_skcipher_decrypt(req);
	set_dst(unit, range->dst, range->dst_off);
	return crypto_skcipher_encrypt(req);
}

static __always_inline int
crypt_all(const struct ksm_engine *engine, struct ksm_range *range,
	  struct ksm_unit *unit, struct skcipher_request *req,
	  struct crypto_wait *wait, enum ksm_pending pending)
{
	if (range->dst)
		return crypt_direction(engine, range, unit, req, wait, pending,
				       true);
	return crypt_direction(engine, range, unit, req, wait, pending, false);
}

/**
 * ksm_crypt_on_stack() - ksm_crypt_range() with a request on the stack
 * @engine: the engine, with a key, whose requests are small and never pend
 * @range: what; holds what is left if this returns an error
 *
 * Context: any in which the FPU can be used (may_use_simd()).
 * Return: 0 or a negative errno.
 */
int ksm_crypt_on_stack(struct ksm_engine *engine, struct ksm_range *range)
{
	u8 buf[sizeof(struct skcipher_request) +
	       KSM_STACK_REQ_CTX] CRYPTO_MINALIGN_ATTR __uninitialized;
	struct skcipher_request *req = (void *)buf;
	struct ksm_unit unit __uninitialized;

	skcipher_request_set_tfm(req, engine->tfm);
	skcipher_request_set_callback(req, 0, NULL, NULL);
	return crypt_all(engine, range, &unit, req, NULL, KSM_NEVER_PENDS);
}

/*
 * Never CRYPTO_TFM_REQ_MAY_SLEEP: with it, some ciphers allocate with
 * GFP_KERNEL, which may recurse into this very device.
 */
static __always_inline void prepare_request(const struct ksm_engine *engine,
					    struct ksm_request *request)
{
	crypto_init_wait(&request->wait);
	skcipher_request_set_tfm(&request->req, engine->tfm);
	skcipher_request_set_callback(&request->req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &request->wait);
}

/*
 * What is left after a data unit that pended. The caller may have more to do
 * behind @range, so its last data unit must not be taken for its only one.
 */
static noinline int crypt_rest(const struct ksm_engine *engine,
			       struct ksm_range *range,
			       struct ksm_request *request)
{
	prepare_request(engine, request);
	init_request(engine, &request->unit, &request->req, range->dst);
	return crypt_units(engine, range, &request->unit, &request->req,
			   &request->wait, KSM_MAY_WAIT, range->dst);
}

static noinline int crypt_and_wait(const struct ksm_engine *engine,
				   struct ksm_range *range,
				   struct ksm_request *request)
{
	int err;

	prepare_request(engine, request);
	err = crypt_all(engine, range, &request->unit, &request->req,
			&request->wait, KSM_MAY_WAIT);
	while (unlikely(err == -EINPROGRESS || err == -EBUSY)) {
		err = ksm_crypt_wait(request);
		if (!err)
			err = crypt_rest(engine, range, request);
	}
	return err;
}

static noinline int crypt_at_once(const struct ksm_engine *engine,
				  struct ksm_range *range,
				  struct ksm_request *request)
{
	int err;

	prepare_request(engine, request);
	err = crypt_all(engine, range, &request->unit, &request->req,
			&request->wait, KSM_MAY_NOT_WAIT);
	return err == -EBUSY ? -EINPROGRESS : err;
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
	const unsigned int size = engine->unit;

	while (range->iter.bi_size) {
		__le64 tweak[2] = { cpu_to_le64(range->iv), 0 };
		unsigned int left = size;

		while (left) {
			struct bio_vec bv =
				bvec_iter_bvec(range->src, range->iter);

			bv.bv_len = min(bv.bv_len, left);
			if ((bv.bv_len | bv.bv_offset) & (KSM_SEG_ALIGN - 1))
				return -EINVAL;
			library_segment(engine, range, &bv, (u8 *)tweak,
					left != size);
			bvec_iter_advance(range->src, &range->iter, bv.bv_len);
			left -= bv.bv_len;
		}
		range->iv += engine->iv_step;
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
 * ksm_crypt_otherwise() - ksm_crypt_range() with engines that need more
 * @engine: the engine, with a key
 * @range: what; holds what is left if this returns an error
 * @request: memory for a request, if ksm_engine_req_size() is not 0
 * @may_sleep: whether this may wait for requests that pend
 *
 * Context: any in which the FPU can be used (may_use_simd()).
 * Return: as ksm_crypt_range().
 */
int ksm_crypt_otherwise(struct ksm_engine *engine, struct ksm_range *range,
			struct ksm_request *request, bool may_sleep)
{
	int err;

	if (engine->kind == KSM_ENGINE_LIBRARY)
		return crypt_with_library(engine, range);
	if (may_sleep)
		err = crypt_and_wait(engine, range, request);
	else
		err = crypt_at_once(engine, range, request);
	if (engine->mode->id == KSM_MODE_ADIANTUM)
		ksm_engine_burn_stack();
	return err;
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
 * @engine: the engine, with a key, for data units of KSM_MAX_DATA_UNIT bytes
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
