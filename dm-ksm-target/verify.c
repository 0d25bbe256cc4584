// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the engine do what the software does? Before a mapping uses an engine,
 * some data units are read from the device as they are and decrypted by
 * software, and read through the engine. Nothing is written.
 */
#define DM_MSG_PREFIX "ksm"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "target.h"
#include "verify.h"

/* Data units in the one bio that has several. */
#define VERIFY_UNITS 8
/* Somebody may be writing to the device below. */
#define VERIFY_TRIES 3

#define VERIFY_BYTES (VERIFY_UNITS * KSM_MAX_DATA_UNIT)
#define VERIFY_PAGES DIV_ROUND_UP(VERIFY_BYTES, PAGE_SIZE)

/**
 * struct verify - what it takes to read a range twice
 * @kt: the target
 * @bio: for both reads
 * @vecs: the bio's vectors
 * @soft: data decrypted by software
 * @hard: data decrypted by the engine
 * @ctx: the context of the read through the engine
 * @io: the state of the decryption by software
 * @decrypted: it has ended
 */
struct verify {
	struct ksm_target *kt;
	struct bio bio;
	struct bio_vec vecs[VERIFY_PAGES];
	void *soft;
	void *hard;
	struct ksm_ctx ctx;
	struct ksm_fallback_io *io;
	struct completion decrypted;
};

static void prepare_bio(struct verify *v, void *buffer, sector_t sector,
			unsigned int size)
{
	unsigned int part;

	bio_init(&v->bio, v->kt->dev->bdev, v->vecs, VERIFY_PAGES, REQ_OP_READ);
	v->bio.bi_iter.bi_sector = v->kt->line.start + sector;
	for (; size; size -= part, buffer += part) {
		part = min_t(unsigned int, size, PAGE_SIZE);
		__bio_add_page(&v->bio, virt_to_page(buffer), part, 0);
	}
}

static void decrypted(struct bio *bio)
{
	struct verify *v = bio->bi_private;

	complete(&v->decrypted);
}

static const char *read_soft(struct verify *v, sector_t sector,
			     unsigned int size)
{
	struct ksm_fallback *fb = v->kt->fb;
	int err;

	prepare_bio(v, v->soft, sector, size);
	ksm_fallback_decrypt_begin(fb, v->io, &v->bio, sector);
	if (submit_bio_wait(&v->bio))
		return "cannot-read";

	/* Where the target's callback for reads that are decrypted goes to. */
	v->bio.bi_end_io = decrypted;
	v->bio.bi_private = v;
	reinit_completion(&v->decrypted);
	err = ksm_fallback_decrypt(v->io);
	if (err == -EINPROGRESS) {
		wait_for_completion(&v->decrypted);
		err = blk_status_to_errno(v->bio.bi_status);
	}
	return err ? "software-fails" : NULL;
}

static const char *read_hard(struct verify *v, sector_t sector,
			     unsigned int size)
{
	struct ksm_target *kt = v->kt;
	unsigned int left;
	int err;

	prepare_bio(v, v->hard, sector, size);
	err = ksm_attach_ctx_wait(kt->hw.client, &v->ctx, &v->bio, &kt->hw.key,
				  ksm_hw_dun(kt, sector));
	if (err) {
		/* Its end would have let go of its group of blkcg, but it was not submitted. */
		bio_uninit(&v->bio);
		return "cannot-be-programmed";
	}
	err = submit_bio_wait(&v->bio);
	left = ksm_detach_ctx(&v->ctx);
	if (err)
		return "cannot-read-through-it";
	return left ? "does-not-see-the-data" : NULL;
}

static const char *verify_range(struct verify *v, sector_t sector,
				unsigned int size)
{
	const char *why;
	int i;

	for (i = 0; i < VERIFY_TRIES; i++) {
		why = read_soft(v, sector, size) ?: read_hard(v, sector, size);
		if (why || !memcmp(v->soft, v->hard, size))
			return why;
	}
	return "wrong-data";
}

static const char *verify_all(struct verify *v)
{
	/* A disk may have larger blocks than there are data units. */
	const unsigned int unit =
		max_t(unsigned int, v->kt->line.sector_size,
		      bdev_logical_block_size(v->kt->dev->bdev));
	const unsigned int unit_sectors = unit >> SECTOR_SHIFT;
	const sector_t units = v->kt->len >> ilog2(unit_sectors);
	unsigned int several = ksm_hw_limit(v->kt) / unit_sectors;

	if (!several)
		return "device-splits-data-units";
	several = min_t(unsigned int, several, VERIFY_BYTES / unit);
	several = min_t(sector_t, units, min(several, VERIFY_UNITS));
	if (!several)
		return "too-small-or-blocks-too-large";
	return verify_range(v, 0, unit)					 ?:
		       verify_range(v, (units - 1) * unit_sectors, unit) ?:
		       verify_range(v, (units - several) / 2 * unit_sectors,
				    several * unit);
}

static void free_buffer(void *buffer)
{
	if (!buffer)
		return;
	memzero_explicit(buffer, VERIFY_BYTES);
	free_pages_exact(buffer, VERIFY_BYTES);
}

/**
 * ksm_verify() - whether the engine does what the software does
 * @kt: the target, suspended, with a key and a client
 * @why: set to the reason for not using it, a word, if this fails
 *
 * Context: process context, may sleep.
 * Return: 0 if it does; -ENOMEM if that could not be found out; else -EIO.
 */
int ksm_verify(struct ksm_target *kt, const char **why)
{
	struct verify *v = kzalloc(sizeof(*v), GFP_NOIO);
	int err = -ENOMEM;

	*why = "no-memory";
	if (!v)
		return err;
	v->kt = kt;
	init_completion(&v->decrypted);
	v->soft = alloc_pages_exact(VERIFY_BYTES, GFP_NOIO);
	v->hard = alloc_pages_exact(VERIFY_BYTES, GFP_NOIO);
	v->io = kzalloc(ksm_fallback_io_size(kt->fb), GFP_NOIO);
	if (v->soft && v->hard && v->io) {
		*why = verify_all(v);
		err = *why ? -EIO : 0;
	}

	free_buffer(v->soft);
	free_buffer(v->hard);
	kfree_sensitive(v->io);
	kfree(v);
	return err;
}
