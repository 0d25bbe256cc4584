/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loop over data units.
 */
#ifndef _KSM_CRYPT_H
#define _KSM_CRYPT_H

#include <linux/bvec.h>
#include <linux/scatterlist.h>
#include <crypto/skcipher.h>

#include <ksm/core.h>

struct ksm_engine;

/* Segments of a bio are whole 512-byte blocks, so a data unit has up to 8. */
#define KSM_SEG_ALIGN 512
#define KSM_MAX_SEGS  (KSM_MAX_DATA_UNIT / KSM_SEG_ALIGN)

/**
 * struct ksm_range - a run of data units and where they go
 * @src: vector of the data; decryption is in place
 * @iter: position in @src and bytes left
 * @dst: for encryption, whole pages that take the result; NULL decrypts
 * @dst_off: position in @dst, in bytes
 * @iv: IV of the next data unit
 * @iv_step: what the IV grows by per data unit
 * @unit: bytes of a data unit
 */
struct ksm_range {
	const struct bio_vec *src;
	struct bvec_iter iter;
	const struct bio_vec *dst;
	unsigned int dst_off;
	u64 iv;
	unsigned int iv_step;
	unsigned int unit;
};

/**
 * struct ksm_unit - what a cipher call points to
 * @iv: the IV; the cipher may change it
 * @dst: result of an encryption
 * @src: data; more than one entry only if a data unit spans segments
 */
struct ksm_unit {
	__le64 iv[KSM_MAX_IV_SIZE / 8] __aligned(16);
	struct scatterlist dst;
	struct scatterlist src[KSM_MAX_SEGS];
};

/**
 * struct ksm_request - a cipher request that may outlive the call that made it
 * @wait: signalled when a pending data unit has been done
 * @range: for the caller, to keep what is left while a data unit is pending
 * @unit: what the request points to
 * @req: the request, with the engine's context behind it
 */
struct ksm_request {
	struct crypto_wait wait;
	struct ksm_range range;
	struct ksm_unit unit;
	struct skcipher_request req;
};

int ksm_crypt_range(struct ksm_engine *engine, struct ksm_range *range,
		    struct ksm_request *request, bool may_sleep);
int ksm_crypt_wait(struct ksm_request *request);
int ksm_crypt_page(struct ksm_engine *engine, struct page *page);

#endif /* _KSM_CRYPT_H */
