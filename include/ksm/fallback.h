/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crypto_fallback: en- and decryption of bios with the kernel's own ciphers,
 * for block drivers that stack on another device.
 *
 * One struct ksm_fallback serves one mapping and has pools of its own, so that
 * mappings stacked on each other cannot starve each other. A bio's state is a
 * struct ksm_fallback_io in memory that its submitter provides; nothing else
 * is allocated for it outside the pools.
 */
#ifndef _KSM_FALLBACK_H
#define _KSM_FALLBACK_H

#include <linux/bio.h>
#include <linux/llist.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <ksm/core.h>

struct ksm_fallback;
struct ksm_share;
struct ksm_fallback_io;

/**
 * typedef ksm_fallback_done_t - called when a deferred decryption has ended
 * @io: the bio's state
 * @err: 0 or a negative errno
 *
 * Context: process context or softirq, must not sleep. @io may be gone when it
 *	returns.
 */
typedef void (*ksm_fallback_done_t)(struct ksm_fallback_io *io, int err);

/**
 * struct ksm_fallback_config - what one mapping wants
 * @name: name for its workqueue
 * @mode: the crypto mode
 * @data_unit_size: bytes encrypted under one IV
 * @iv_counts_units: the IV counts data units; otherwise 512-byte sectors,
 *	whatever the data unit size (dm-crypt's default)
 * @iv_offset: added to the sector number, in sectors of 512 bytes
 * @done: end of deferred decryptions
 * @submit: called instead of returning from ksm_fallback_encrypt(), when that
 *	said -EINPROGRESS: submits the bio, or ends it if there was an error.
 *	Process context, may sleep.
 */
struct ksm_fallback_config {
	const char *name;
	const struct ksm_mode *mode;
	unsigned int data_unit_size;
	bool iv_counts_units;
	u64 iv_offset;
	ksm_fallback_done_t done;
	ksm_fallback_done_t submit;
};

#define KSM_FALLBACK_INLINE_VECS 2

/**
 * struct ksm_range - a run of data units and where they go
 * @src: vector of the data; decryption is in place
 * @iter: position in @src and bytes left; its bi_sector means nothing, nor does
 *	the position of a range that was one data unit, once it is done
 * @dst_off: position in @dst, in bytes
 * @dst: for encryption, whole pages that take the result; NULL decrypts
 * @iv: IV of the next data unit
 */
struct ksm_range {
	const struct bio_vec *src;
	struct bvec_iter iter;
	unsigned int dst_off;
	const struct bio_vec *dst;
	u64 iv;
};

/**
 * struct ksm_fallback_io - state of one bio, in its submitter's memory
 * @fb: the mapping
 * @bio: the bio
 * @range: what is left to be en- or decrypted
 *
 * Everything is private to crypto_fallback but @bio, which a done callback may
 * read. The submitter provides ksm_fallback_io_size() bytes, not necessarily
 * zeroed.
 */
struct ksm_fallback_io {
	struct ksm_fallback *fb;
	struct bio *bio;
	struct ksm_range range;
	/* private: */
	union {
		/* Somebody will take it from a list; until then none of these: */
		struct llist_node soon;
		struct work_struct work; /* read */
		struct { /* write */
			struct bio_vec *orig_vec;
			struct ksm_share *share; /* if it was left to a worker */
			struct bio_vec *bounce;
			unsigned int nr_pages;
			struct bio_vec inline_vecs[KSM_FALLBACK_INLINE_VECS];
		};
	};
} __aligned(16);

/**
 * struct ksm_fallback_stats - counters of one mapping since it was made
 * @reads: bios decrypted
 * @writes: bios encrypted
 * @deferred: reads that were decrypted by a worker
 * @softirq: reads that were decrypted in a softirq after the hard irq
 * @shared: writes that were encrypted by a worker
 * @parallel: bios that were spread over several CPUs
 * @reserve: writes that had to wait for the mapping's reserve of pages
 * @errors: bios that failed in the cipher or were malformed
 */
struct ksm_fallback_stats {
	u64 reads;
	u64 writes;
	u64 deferred;
	u64 softirq;
	u64 shared;
	u64 parallel;
	u64 reserve;
	u64 errors;
};

const struct ksm_caps *ksm_fallback_caps(void);

struct ksm_fallback *
ksm_fallback_create(const struct ksm_fallback_config *config);
void ksm_fallback_destroy(struct ksm_fallback *fb);
int ksm_fallback_set_key(struct ksm_fallback *fb, const struct ksm_key *key);
int ksm_fallback_wipe_key(struct ksm_fallback *fb);
const char *ksm_fallback_engine_name(const struct ksm_fallback *fb);
size_t ksm_fallback_io_size(const struct ksm_fallback *fb);
unsigned int ksm_fallback_max_write(const struct ksm_fallback *fb);
void ksm_fallback_get_stats(const struct ksm_fallback *fb,
			    struct ksm_fallback_stats *stats);

int ksm_fallback_encrypt(struct ksm_fallback *fb, struct ksm_fallback_io *io,
			 struct bio *bio, sector_t sector, bool in_order);
void ksm_fallback_encrypt_end(struct ksm_fallback_io *io);
void ksm_fallback_decrypt_begin(struct ksm_fallback *fb,
				struct ksm_fallback_io *io, struct bio *bio,
				sector_t sector);
int ksm_fallback_decrypt(struct ksm_fallback_io *io);

#endif /* _KSM_FALLBACK_H */
