// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hardware path of a target "ksm": whether there is one, and its key. The
 * data path itself is in target.c.
 */
#define DM_MSG_PREFIX "ksm"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/string.h>

#include "target.h"
#include "verify.h"

/**
 * ksm_hw_dun_bytes() - the size of the largest data unit number
 * @kt: the target
 *
 * Return: bytes, at least 1.
 */
unsigned int ksm_hw_dun_bytes(const struct ksm_target *kt)
{
	return DIV_ROUND_UP(fls64(ksm_hw_dun(kt, kt->len - 1)), 8) ?: 1;
}

/* Why this table cannot use an engine, whatever it is; NULL if it can. */
static const char *table_forbids(const struct ksm_target *kt)
{
	if (kt->line.hw == KSM_HW_OFF)
		return "off";
	/* Engines count data units. */
	if (kt->line.sector_size != KSM_MIN_DATA_UNIT &&
	    !kt->line.iv_large_sectors)
		return "iv-counts-512-byte-sectors";
	/* There device mapper's emulated zone append takes no bio that waits. */
	if (bdev_is_zoned(kt->dev->bdev) && !COMPAT_DM_NO_ZONED_PARTIAL)
		return "zoned-device";
	/* Wherever bios are split on the way down, it is at round sectors. */
	if ((get_start_sect(kt->dev->bdev) + kt->line.start) &
	    ((kt->line.sector_size >> SECTOR_SHIFT) - 1))
		return "start-not-aligned";
	return NULL;
}

/* Returns 0, with a client or the reason that there is none; or -ENOMEM. */
static int open_client(struct ksm_target *kt, const char *name,
		       void (*failed)(struct ksm_ctx *ctx, int err))
{
	struct ksm_client_config config = {
		.name = name,
		.mode = kt->hw.key.mode,
		.data_unit_size = kt->line.sector_size,
		.dun_bytes = kt->hw.key.dun_bytes,
		.failed = failed,
	};
	struct ksm_client *client;
	int err = 0;

	client = ksm_client_open(kt->dev->bdev, &config);
	if (client == ERR_PTR(-ENODEV))
		kt->hw.why = "no-keyslot-manager";
	else if (client == ERR_PTR(-EOPNOTSUPP))
		kt->hw.why = "engine-cannot";
	else
		err = PTR_ERR_OR_ZERO(client);
	if (!IS_ERR(client))
		kt->hw.client = client;
	return err;
}

/**
 * ksm_hw_open() - look for an engine that could be used
 * @kt: the target, with its key and device
 * @name: name of the mapped device
 * @failed: called instead of submitting a bio that had to wait
 * @error: set to a sentence if this fails
 *
 * Context: process context, may sleep.
 * Return: 0; -EOPNOTSUPP if an engine is required and there is none; or -ENOMEM.
 */
int ksm_hw_open(struct ksm_target *kt, const char *name,
		void (*failed)(struct ksm_ctx *ctx, int err), char **error)
{
	struct ksm_hw *hw = &kt->hw;
	int err;

	hw->why = table_forbids(kt);
	if (!hw->why) {
		err = open_client(kt, name, failed);
		if (err) {
			ksm_key_destroy(&hw->key);
			*error =
				"cannot become a user of the keyslot manager below";
			return err;
		}
	}
	if (!hw->why) {
		hw->why = "not-verified-yet";
		return 0;
	}

	ksm_key_destroy(&hw->key);
	if (kt->line.hw != KSM_HW_REQUIRE)
		return 0;
	DMERR("hw:require: %s", hw->why);
	*error = "hw:require, but there is no engine that can do this";
	return -EOPNOTSUPP;
}

/**
 * ksm_hw_close() - undo ksm_hw_open()
 * @kt: the target, of which no I/O is under way
 *
 * Context: process context, may sleep.
 */
void ksm_hw_close(struct ksm_target *kt)
{
	ksm_hw_wipe_key(kt);
	if (kt->hw.client)
		ksm_client_close(kt->hw.client);
}

/**
 * ksm_hw_set_key() - change the engine's key
 * @kt: the target, suspended
 * @key: the new key, copied
 *
 * Context: process context, may sleep.
 * Return: 0; or a negative errno if the engine may not have forgotten the old
 *	one, and then has no new one.
 */
int ksm_hw_set_key(struct ksm_target *kt, const struct ksm_key *key)
{
	int err = ksm_hw_wipe_key(kt);

	/* Nobody will ask for it if there is no engine. */
	if (!err && (kt->hw.client || !kt->dev))
		kt->hw.key = *key;
	return err;
}

/**
 * ksm_hw_wipe_key() - have the engine forget the key
 * @kt: the target, suspended
 *
 * Context: process context, may sleep.
 * Return: as ksm_hw_set_key().
 */
int ksm_hw_wipe_key(struct ksm_target *kt)
{
	struct ksm_hw *hw = &kt->hw;
	int err = 0;

	if (hw->active) {
		WRITE_ONCE(hw->active, false);
		hw->why = "not-verified-yet";
	}
	/* Also if it is not active: it may have been. */
	if (hw->client && hw->key.size)
		err = ksm_client_evict(hw->client, &hw->key);
	ksm_key_destroy(&hw->key);
	return err;
}

/**
 * ksm_hw_activate() - begin to use the engine, if it does what it should
 * @kt: the target, which is to be resumed and has its key
 *
 * Context: process context, may sleep.
 * Return: 0, with or without the engine; if it is required, -EIO if it does not
 *	do what it should, or -ENOMEM.
 */
int ksm_hw_activate(struct ksm_target *kt)
{
	struct ksm_hw *hw = &kt->hw;
	const char *why;
	int err;

	if (!hw->client)
		return 0;
	/* Behind a manager that forwards there may be another engine by now. */
	if (hw->active && !hw->suspect &&
	    ksm_num_slots(ksm_client_ksm(hw->client)))
		return 0;
	/* Whatever is in the slot by now: it is to be programmed anew. */
	WRITE_ONCE(hw->active, false);
	ksm_client_evict(hw->client, &hw->key);
	err = ksm_verify(kt, &why);
	if (!err) {
		hw->why = "active";
		WRITE_ONCE(hw->suspect, false);
		WRITE_ONCE(hw->active, true);
		return 0;
	}
	ksm_client_evict(hw->client, &hw->key);
	hw->why = why;
	DMERR("%s of %s is not used: %s", ksm_name(ksm_client_ksm(hw->client)),
	      kt->dev->name, why);
	return kt->line.hw == KSM_HW_REQUIRE ? err : 0;
}

/**
 * ksm_hw_fail() - stop using the engine, since it does not do what it should
 * @kt: the target
 * @why: the reason, a word
 *
 * From now on I/O takes the software path, or none if an engine is required.
 * The next resume tries the engine again.
 *
 * Context: any context.
 */
void ksm_hw_fail(struct ksm_target *kt, const char *why)
{
	struct ksm_hw *hw = &kt->hw;

	if (!xchg(&hw->active, false))
		return;
	WRITE_ONCE(hw->why, why);
	DMERR("engine of %s: %s, %s", kt->dev->name, why,
	      kt->line.hw == KSM_HW_REQUIRE ? "stopping I/O" :
					      "going on in software");
}

static bool vecs_aligned(const struct ksm_target *kt, struct bio *bio)
{
	unsigned int askew = 0;
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_bvec(bv, bio, iter)
		askew |= bv.bv_offset | bv.bv_len;
	return !(askew & (kt->line.sector_size - 1));
}

/**
 * ksm_hw_limit() - how large a bio may be that the engine is trusted with
 * @kt: the target
 *
 * A device with blocks smaller than data units may split a bio in the middle of
 * one, of which the engine would see the parts.
 *
 * Context: any context.
 * Return: number of sectors, whole data units; 0 if it does not even take one.
 */
unsigned int ksm_hw_limit(const struct ksm_target *kt)
{
	if (!ksm_hw_small_blocks(kt))
		return UINT_MAX;
	return round_down(queue_max_sectors(bdev_get_queue(kt->dev->bdev)),
			  kt->line.sector_size >> SECTOR_SHIFT);
}

/**
 * ksm_hw_max_split_sectors() - ksm_hw_max_sectors() for bios that may be split
 * @kt: the target, of whose device the blocks are smaller than data units
 * @bio: the bio
 *
 * Context: any context.
 * Return: as ksm_hw_max_sectors().
 */
unsigned int ksm_hw_max_split_sectors(const struct ksm_target *kt,
				      struct bio *bio)
{
	return likely(vecs_aligned(kt, bio)) ? ksm_hw_limit(kt) : 0;
}
