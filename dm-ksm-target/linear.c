// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device-mapper target "ksm-linear": what "linear" does, and the crypt
 * contexts of bios go along. Its table lines are those of "linear".
 */
#define DM_MSG_PREFIX "ksm-linear"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <ksm/context.h>
#include <ksm/passthrough.h>

#include "keyref.h"
#include "linear.h"

/**
 * struct ksm_linear - one segment of a table
 * @dev: the device below
 * @start: where the segment begins on it, in sectors
 * @pt: the mapped device's passthrough
 * @member: the segment's place in it
 * @client: for bios with contexts, NULL if the device takes none
 */
struct ksm_linear {
	struct dm_dev *dev;
	sector_t start;
	struct ksm_passthrough *pt;
	struct ksm_passthrough_member *member;
	struct ksm_client *client;
};

/**
 * struct ksm_linear_bio - per-bio data
 * @upper: the context that the bio came with, NULL if none
 * @own: the context that it went down with
 * @size: its bytes
 */
struct ksm_linear_bio {
	struct ksm_ctx *upper;
	struct ksm_ctx own;
	unsigned int size;
};

static struct ksm_linear_bio *linear_bio(struct bio *bio)
{
	return dm_per_bio_data(bio, sizeof(struct ksm_linear_bio));
}

static struct gendisk *linear_disk(struct dm_target *ti)
{
	return dm_disk(dm_table_get_md(ti->table));
}

/* ---- construction ---- */

static void linear_dtr(struct dm_target *ti)
{
	struct ksm_linear *lt = ti->private;

	if (lt->member)
		ksm_passthrough_remove(lt->member);
	/*
	 * The last one may have to wait for bios that still have contexts. The
	 * next table is live by now and ends them; if there is none, there are
	 * no such bios.
	 */
	if (lt->pt)
		ksm_passthrough_put(lt->pt);
	if (lt->dev)
		dm_put_device(ti, lt->dev);
	kfree(lt);
}

/*
 * A bio that cannot have a context. Its origin is told that it was no error of a
 * device below but that there is no engine.
 */
static void end_refused(struct bio *bio, int err)
{
	linear_bio(bio)->upper = NULL;
	bio->bi_status = err == -EEXIST ? BLK_STS_IOERR : KSM_STS_REFUSED;
	bio_endio(bio);
}

/* The bio waited for a keyslot and cannot have one. */
static void linear_failed(struct ksm_ctx *ctx, int err)
{
	end_refused(ctx->bio, err);
}

static int linear_open_device(struct dm_target *ti, char **argv)
{
	struct ksm_linear *lt = ti->private;
	u64 start;
	int err;

	if (kstrtou64(argv[1], 10, &start) || start != (sector_t)start) {
		ti->error = "Start is not a number of sectors";
		return -EINVAL;
	}
	/* Device mapper says so, too, but of later tables at the resume only. */
	if (start > U64_MAX - ti->len) {
		ti->error = "Start is beyond the end of any device";
		return -EINVAL;
	}
	lt->start = start;
	err = ksm_keyref_is_misplaced(argv[0]) ?
		      -ENODEV :
		      dm_get_device(ti, argv[0], dm_table_get_mode(ti->table),
				    &lt->dev);
	if (err) {
		lt->dev = NULL;
		ti->error = "Device cannot be opened";
	}
	return err;
}

static int linear_join(struct dm_target *ti)
{
	struct ksm_linear *lt = ti->private;
	struct ksm_passthrough_segment segment = {
		.set = ti->table,
		.bdev = lt->dev->bdev,
		.disk_sector = ti->begin,
		.sector = lt->start,
		.sectors = ti->len,
		.failed = linear_failed,
	};
	struct ksm_passthrough_member *member;
	struct ksm_passthrough *pt;

	pt = ksm_passthrough_get(linear_disk(ti));
	if (IS_ERR(pt)) {
		ti->error = "Passthrough cannot be set up";
		if (pt == ERR_PTR(-EEXIST))
			ti->error =
				"I/O through an earlier table has not ended yet";
		return PTR_ERR(pt);
	}
	lt->pt = pt;
	member = ksm_passthrough_add(pt, &segment);
	if (IS_ERR(member)) {
		ti->error = "Out of memory";
		if (member == ERR_PTR(-EOPNOTSUPP))
			ti->error =
				"Device or its alignment cannot do what mappings above use";
		return PTR_ERR(member);
	}
	lt->member = member;
	lt->client = ksm_passthrough_client(member);
	return 0;
}

static int linear_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct ksm_linear *lt;
	int err;

	if (argc != 2) {
		ti->error = "Arguments are not <device> <start>";
		return -EINVAL;
	}
	lt = kzalloc(sizeof(*lt), GFP_KERNEL);
	if (!lt) {
		ti->error = "Out of memory";
		return -ENOMEM;
	}
	ti->private = lt;
	err = linear_open_device(ti, argv);
	if (!err)
		err = linear_join(ti);
	if (err) {
		linear_dtr(ti);
		return err;
	}

	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct ksm_linear_bio);
	return 0;
}

/* ---- I/O ---- */

static sector_t linear_sector(struct dm_target *ti, sector_t sector)
{
	struct ksm_linear *lt = ti->private;

	return lt->start + dm_target_offset(ti, sector);
}

static void linear_remap(struct dm_target *ti, struct bio *bio)
{
	struct ksm_linear *lt = ti->private;

	bio_set_dev(bio, lt->dev->bdev);
	bio->bi_iter.bi_sector = linear_sector(ti, bio->bi_iter.bi_sector);
}

/*
 * Below, bios of one mapping are merged if they are adjacent there. Within a
 * segment their data unit numbers are then, too. But what lies next to the edge
 * of a segment may be the edge of another one, from anywhere in the mapping.
 */
static bool at_edge(struct dm_target *ti, struct bio *bio)
{
	return bio->bi_iter.bi_sector == ti->begin ||
	       bio_end_sector(bio) == ti->begin + ti->len;
}

static int map_crypt(struct dm_target *ti, struct bio *bio,
		     const struct ksm_crypt *crypt)
{
	struct ksm_linear_bio *lb = linear_bio(bio);
	struct ksm_linear *lt = ti->private;
	int err;

	/* Never without its context: it would be plaintext on the device. */
	if (!lt->client)
		return DM_MAPIO_KILL;

	if (at_edge(ti, bio))
		bio->bi_opf |= REQ_NOMERGE;
	lb->upper = crypt->ctx;
	lb->size = bio->bi_iter.bi_size;
	linear_remap(ti, bio);
	err = ksm_submit_ctx(lt->client, &lb->own, bio, crypt->key, crypt->dun);
	if (likely(!err))
		return DM_MAPIO_REMAPPED;
	if (err != -EINPROGRESS)
		end_refused(bio, err);
	/* The bio may have ended by now. */
	return DM_MAPIO_SUBMITTED;
}

static int linear_map(struct dm_target *ti, struct bio *bio)
{
	struct ksm_crypt crypt;

	linear_bio(bio)->upper = NULL;
	if (unlikely(ksm_bio_crypt(linear_disk(ti), bio, &crypt)))
		return DM_MAPIO_KILL;
	if (crypt.key)
		return map_crypt(ti, bio, &crypt);
	linear_remap(ti, bio);
	return DM_MAPIO_REMAPPED;
}

static int linear_end_io(struct dm_target *ti, struct bio *bio,
			 blk_status_t *error)
{
	struct ksm_linear_bio *lb = linear_bio(bio);
	unsigned int left;

	if (!lb->upper)
		return DM_ENDIO_DONE;

	/* Puts the keyslot, too: before the upper bio ends. */
	left = ksm_detach_ctx(&lb->own);
	if (unlikely(left && !*error))
		*error = BLK_STS_IOERR;
	/* A bio that failed may be tried again and be counted then. */
	if (likely(!*error))
		ksm_ctx_done(lb->upper, lb->size);
	return DM_ENDIO_DONE;
}

/*
 * Bios that come while the device is suspended wait for the next table, which
 * may be one that knows no contexts: those with a context must not be there.
 */
static void linear_presuspend(struct dm_target *ti)
{
	struct ksm_linear *lt = ti->private;

	ksm_passthrough_freeze(lt->pt);
}

static void linear_resume(struct dm_target *ti)
{
	struct ksm_linear *lt = ti->private;

	ksm_passthrough_thaw(lt->pt);
}

/*
 * I/O starts after this, so what it relies on is decided here. All targets of
 * the table do the same; the first one does it for all.
 */
static int linear_preresume(struct dm_target *ti)
{
	struct ksm_linear *lt = ti->private;
	int err;

	err = ksm_passthrough_activate(lt->pt, ti->table);
	if (err)
		DMERR("%s: not resumed: devices below cannot do what mappings above use",
		      dm_table_device_name(ti->table));
	return err;
}

/* ---- description ---- */

static void linear_status(struct dm_target *ti, status_type_t type,
			  unsigned int status_flags, char *result,
			  unsigned int maxlen)
{
	struct ksm_linear *lt = ti->private;
	unsigned int sz = 0;

	switch (type) {
	case STATUSTYPE_INFO:
		result[0] = '\0';
		break;
	case STATUSTYPE_TABLE:
		DMEMIT("%s %llu", lt->dev->name, (unsigned long long)lt->start);
		break;
	case STATUSTYPE_IMA:
		DMEMIT_TARGET_NAME_VERSION(ti->type);
		DMEMIT(",device_name=%s,start=%llu;", lt->dev->name,
		       (unsigned long long)lt->start);
		break;
	}
}

static int linear_iterate_devices(struct dm_target *ti,
				  iterate_devices_callout_fn fn, void *data)
{
	struct ksm_linear *lt = ti->private;

	return fn(ti, lt->dev, lt->start, ti->len, data);
}

/* Commands go to the device as they are only if it is mapped as a whole. */
static COMPAT_DM_PREPARE_IOCTL(linear_prepare_ioctl)
{
	struct ksm_linear *lt = ti->private;

	*bdev = lt->dev->bdev;
	return lt->start || ti->len != bdev_nr_sectors(lt->dev->bdev);
}

#ifdef CONFIG_BLK_DEV_ZONED
static int linear_report_zones(struct dm_target *ti,
			       struct dm_report_zones_args *args,
			       unsigned int nr_zones)
{
	struct ksm_linear *lt = ti->private;

	return dm_report_zones(lt->dev->bdev, lt->start,
			       linear_sector(ti, args->next_sector), args,
			       nr_zones);
}
#else
#define linear_report_zones NULL
#endif

/*
 * DM_TARGET_IMMUTABLE: device mapper refuses to put other targets beside this
 * one, to which a bio with a context would be one like any other and go down as
 * plaintext. It also refuses to load a table of other targets in place of this
 * one's, unless "error" is among them; that case is why there is presuspend.
 *
 * Not DM_TARGET_PASSES_INTEGRITY: checksums made of plaintext above do not fit
 * what the device gets.
 */
struct target_type ksm_linear_target_type = {
	.name = "ksm-linear",
	.version = { 0, 1, 0 },
	.features = DM_TARGET_IMMUTABLE | DM_TARGET_ZONED_HM,
	.module = THIS_MODULE,
	.ctr = linear_ctr,
	.dtr = linear_dtr,
	.map = linear_map,
	.end_io = linear_end_io,
	.presuspend = linear_presuspend,
	/* The device could not be suspended after all. */
	.presuspend_undo = linear_resume,
	.preresume = linear_preresume,
	.resume = linear_resume,
	.status = linear_status,
	.iterate_devices = linear_iterate_devices,
	.prepare_ioctl = linear_prepare_ioctl,
	.report_zones = linear_report_zones,
};
