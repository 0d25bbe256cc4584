// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path of the target "ksm": each bio takes the hardware path or the
 * software path.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>

#include "io.h"
#include "target.h"

/**
 * enum ksm_bio_state - what is left to do when a bio ends
 * @KSM_BIO_PASS: nothing
 * @KSM_BIO_READ: decrypt
 * @KSM_BIO_READ_BESIDE: the same, after taking the context away that kept it apart
 *	from what the engine decrypts
 * @KSM_BIO_WRITE: give the bounce pages back
 * @KSM_BIO_ENGINE: take the context away and see whether all passed the engine
 */
enum ksm_bio_state {
	KSM_BIO_PASS,
	KSM_BIO_READ,
	KSM_BIO_READ_BESIDE,
	KSM_BIO_WRITE,
	KSM_BIO_ENGINE,
};

/**
 * struct ksm_bio - per-bio data
 * @state: what is left to do
 * @kt: the target
 * @ctx: the hardware path's state
 * @io: the software path's state; must be last, since more lies behind it, and
 *	behind that struct ksm_beside, if there may be an engine
 */
struct ksm_bio {
	enum ksm_bio_state state;
	struct ksm_target *kt;
	union {
		struct ksm_ctx ctx;
		struct ksm_fallback_io io;
	};
};

/**
 * struct ksm_beside - of KSM_BIO_READ_BESIDE
 * @kb: the rest of what is known about the bio
 * @ctx: its context, without a key
 */
struct ksm_beside {
	struct ksm_bio *kb;
	struct ksm_ctx ctx;
};

static struct ksm_bio *ksm_bio(struct dm_target *ti, struct bio *bio)
{
	return dm_per_bio_data(bio, ti->per_io_data_size);
}

static size_t size_of_bio(const struct ksm_target *kt)
{
	size_t software =
		offsetof(struct ksm_bio, io) + ksm_fallback_io_size(kt->fb);

	return ALIGN(max(software, sizeof(struct ksm_bio)),
		     __alignof__(struct ksm_bio));
}

static struct ksm_beside *beside(const struct ksm_target *kt,
				 struct ksm_bio *kb)
{
	return (void *)kb + size_of_bio(kt);
}

/**
 * ksm_io_size() - memory needed for each bio
 * @kt: the target
 *
 * Return: bytes.
 */
size_t ksm_io_size(const struct ksm_target *kt)
{
	size_t more = kt->line.hw == KSM_HW_OFF ? 0 : sizeof(struct ksm_beside);

	/* Targets of one table may differ, and have theirs in front of more. */
	return size_of_bio(kt) + ALIGN(more, __alignof__(struct ksm_bio));
}

/* ---- on the way down ---- */

/*
 * Leave what is beyond @max sectors to another bio. False if that cannot be. The
 * bio is still the mapped device's, which may be a regular one though the device
 * below has zones: if it is made of conventional ones only.
 */
static bool limit_bio(struct bio *bio, unsigned int max)
{
	if (likely(bio_sectors(bio) <= max))
		return true;
	/* Splitting is refused where zone write plugs order writes. */
	if (bio_data_dir(bio) == WRITE && bdev_is_zoned(bio->bi_bdev) &&
	    COMPAT_DM_NO_ZONED_PARTIAL)
		return false;
	dm_accept_partial_bio(bio, max);
	return true;
}

/* What map says, from what became of a bio. It may have ended unless it failed. */
static __always_inline int mapped(struct ksm_bio *kb, int err)
{
	if (likely(!err))
		return DM_MAPIO_REMAPPED;
	if (err == -EINPROGRESS)
		return DM_MAPIO_SUBMITTED;
	kb->state = KSM_BIO_PASS;
	return DM_MAPIO_KILL;
}

static int map_write(struct ksm_target *kt, struct ksm_bio *kb, struct bio *bio,
		     sector_t sector)
{
	if (unlikely(!limit_bio(bio, kt->max_write)))
		return DM_MAPIO_KILL;
	bio_set_dev(bio, kt->dev->bdev);
	/* Before that: another CPU may have submitted it when it returns. */
	kb->state = KSM_BIO_WRITE;
	return mapped(kb, ksm_fallback_encrypt(kt->fb, &kb->io, bio, sector,
					       kt->in_order));
}

/**
 * ksm_io_encrypted() - crypto_fallback's callback
 * @io: the state of a write that another CPU has encrypted
 * @err: 0 or a negative errno
 *
 * Context: process context, may sleep.
 */
void ksm_io_encrypted(struct ksm_fallback_io *io, int err)
{
	struct ksm_bio *kb = container_of(io, struct ksm_bio, io);

	if (likely(!err)) {
		submit_bio_noacct(io->bio);
		return;
	}
	kb->state = KSM_BIO_PASS;
	bio_io_error(io->bio);
}

/* It keeps its vector, as a write does not. */
static int map_beside(struct ksm_target *kt, struct ksm_bio *kb,
		      struct bio *bio)
{
	struct ksm_beside *b = beside(kt, kb);

	b->kb = kb;
	kb->kt = kt;
	kb->state = KSM_BIO_READ_BESIDE;
	return mapped(kb, ksm_submit_plain(kt->hw.client, &b->ctx, bio));
}

static __always_inline int map_software(struct ksm_target *kt,
					struct ksm_bio *kb, struct bio *bio,
					sector_t sector)
{
	if (bio_data_dir(bio) == WRITE)
		return map_write(kt, kb, bio, sector);
	bio_set_dev(bio, kt->dev->bdev);
	ksm_fallback_decrypt_begin(kt->fb, &kb->io, bio, sector);
	kb->state = KSM_BIO_READ;
	if (likely(!kt->hw.client))
		return DM_MAPIO_REMAPPED;
	return map_beside(kt, kb, bio);
}

static int map_engine(struct ksm_target *kt, struct ksm_bio *kb,
		      struct bio *bio, sector_t sector, unsigned int max)
{
	int err;

	/* If it turns out that there is no slot, software must be able to. */
	if (bio_data_dir(bio) == WRITE && kt->line.hw != KSM_HW_REQUIRE)
		max = min(max, kt->max_write);
	/* The device's limit is less than it was when the table was loaded. */
	if (unlikely(!limit_bio(bio, max)))
		return kt->line.hw == KSM_HW_REQUIRE ?
			       DM_MAPIO_KILL :
			       map_software(kt, kb, bio, sector);
	bio_set_dev(bio, kt->dev->bdev);
	kb->kt = kt;
	kb->state = KSM_BIO_ENGINE;
	err = ksm_submit_ctx(kt->hw.client, &kb->ctx, bio, &kt->hw.key,
			     ksm_hw_dun(kt, sector));
	/* -EEXIST: two mappings of the same sectors, not the engine's fault. */
	if (likely(!err) || err == -EINPROGRESS || err == -EEXIST)
		return mapped(kb, err);

	kb->state = KSM_BIO_PASS;
	ksm_hw_fail(kt, "engine-has-gone");
	if (kt->line.hw == KSM_HW_REQUIRE)
		return DM_MAPIO_KILL;
	return map_software(kt, kb, bio, sector);
}

/**
 * ksm_io_no_ctx() - ksm_core's callback
 * @ctx: the context of a bio that waited for a keyslot or another bio
 * @err: why it cannot have one
 *
 * Context: process context, may sleep.
 */
void ksm_io_no_ctx(struct ksm_ctx *ctx, int err)
{
	struct ksm_bio *kb =
		ctx->key ? container_of(ctx, struct ksm_bio, ctx) :
			   container_of(ctx, struct ksm_beside, ctx)->kb;
	struct ksm_target *kt = kb->kt;
	struct bio *bio = ctx->bio;
	int map = DM_MAPIO_KILL;

	kb->state = KSM_BIO_PASS;
	if (err == -EEXIST) {
		bio_io_error(bio);
		return;
	}
	ksm_hw_fail(kt, err == -ENODEV ? "engine-has-gone" :
					 "cannot-be-programmed");
	if (kt->line.hw != KSM_HW_REQUIRE)
		map = map_software(kt, kb, bio,
				   bio->bi_iter.bi_sector - kt->line.start);
	if (map == DM_MAPIO_REMAPPED)
		submit_bio_noacct(bio);
	else if (map == DM_MAPIO_KILL)
		bio_io_error(bio);
}

static __always_inline int map_data(struct dm_target *ti, struct ksm_target *kt,
				    struct ksm_bio *kb, struct bio *bio)
{
	sector_t sector = dm_target_offset(ti, bio->bi_iter.bi_sector);
	unsigned int max;

	if (unlikely((sector | bio_sectors(bio)) & kt->unit_mask))
		return DM_MAPIO_KILL;

	bio->bi_iter.bi_sector = kt->line.start + sector;
	if (READ_ONCE(kt->hw.active)) {
		max = ksm_hw_max_sectors(kt, bio);
		if (likely(max))
			return map_engine(kt, kb, bio, sector, max);
	}
	if (unlikely(kt->line.hw == KSM_HW_REQUIRE))
		return DM_MAPIO_KILL;
	return map_software(kt, kb, bio, sector);
}

/**
 * ksm_io_map() - the target's map function
 * @ti: the target
 * @bio: device mapper's clone
 *
 * Context: process context, may sleep.
 * Return: a DM_MAPIO_*.
 */
int ksm_io_map(struct dm_target *ti, struct bio *bio)
{
	struct ksm_target *kt = ti->private;
	struct ksm_bio *kb = ksm_bio(ti, bio);
	enum req_op op = bio_op(bio);

	kb->state = KSM_BIO_PASS;
	if ((op == REQ_OP_READ || op == REQ_OP_WRITE) &&
	    likely(bio_sectors(bio)))
		return map_data(ti, kt, kb, bio);

	bio_set_dev(bio, kt->dev->bdev);
	/* An empty flush. */
	if (op == REQ_OP_READ || op == REQ_OP_WRITE)
		return DM_MAPIO_REMAPPED;
	if (op == REQ_OP_DISCARD || op_is_zone_mgmt(op)) {
		bio->bi_iter.bi_sector =
			kt->line.start +
			dm_target_offset(ti, bio->bi_iter.bi_sector);
		return DM_MAPIO_REMAPPED;
	}
	/* Whatever else there is was not asked for and is not encrypted. */
	return DM_MAPIO_KILL;
}

/* ---- on the way up ---- */

/**
 * ksm_io_decrypted() - crypto_fallback's callback
 * @io: the state of a read that has been decrypted after it had ended
 * @err: 0 or a negative errno
 *
 * Context: process context or softirq.
 */
void ksm_io_decrypted(struct ksm_fallback_io *io, int err)
{
	struct bio *bio = io->bio;

	if (unlikely(err))
		bio->bi_status = BLK_STS_IOERR;
	/*
	 * Not bio_endio(): it has run for this bio already and must not
	 * account for it twice. This calls device mapper's own function, which
	 * comes to ksm_io_end() again.
	 */
	bio->bi_end_io(bio);
}

static void end_engine(struct ksm_bio *kb, blk_status_t *error)
{
	unsigned int left = ksm_detach_ctx(&kb->ctx);

	if (unlikely(*error == KSM_STS_REFUSED)) {
		ksm_hw_fail(kb->kt, "cannot-be-programmed");
		*error = BLK_STS_IOERR;
		return;
	}
	if (unlikely(*error)) {
		/* The engine's, perhaps: it is verified at the next resume. */
		WRITE_ONCE(kb->kt->hw.suspect, true);
		return;
	}
	if (likely(!left))
		return;
	/* Ciphertext was read as data, or data was written as it is. */
	ksm_hw_fail(kb->kt, "engine-missed-data");
	*error = BLK_STS_IOERR;
}

/**
 * ksm_io_end() - the target's end_io function
 * @ti: the target
 * @bio: device mapper's clone
 * @error: its status
 *
 * Context: any context.
 * Return: a DM_ENDIO_*.
 */
int ksm_io_end(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct ksm_bio *kb = ksm_bio(ti, bio);
	enum ksm_bio_state state = kb->state;
	int err;

	/* Before decrypting: a worker may come here again at once. */
	kb->state = KSM_BIO_PASS;
	if (state == KSM_BIO_READ_BESIDE) {
		ksm_detach_ctx(&beside(ti->private, kb)->ctx);
		state = KSM_BIO_READ;
	}
	if (state == KSM_BIO_READ) {
		if (unlikely(*error))
			return DM_ENDIO_DONE;
		err = ksm_fallback_decrypt(&kb->io);
		if (err == -EINPROGRESS)
			return DM_ENDIO_INCOMPLETE;
		if (unlikely(err))
			*error = BLK_STS_IOERR;
	} else if (state == KSM_BIO_WRITE) {
		ksm_fallback_encrypt_end(&kb->io);
	} else if (state == KSM_BIO_ENGINE) {
		end_engine(kb, error);
	}
	return DM_ENDIO_DONE;
}
