// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device-mapper target "ksm": encryption in dm-crypt's on-disk format.
 */
#define DM_MSG_PREFIX "ksm"

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/fips.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <rotational.h>

#include "io.h"
#include "target.h"

/*
 * All targets of all tables. Nobody waits with the lock: mappings that have
 * nothing to do with each other need it to be made and removed.
 */
static LIST_HEAD(targets);
static DEFINE_MUTEX(targets_lock);

/* ---- keys ---- */

/* A key of the right size is refused in FIPS mode, or because the cipher fails. */
static char *key_refused(int err)
{
	if (fips_enabled && err == -EINVAL)
		return "Cipher refuses the key: in FIPS mode the halves of an XTS key must differ";
	return "Cipher refuses the key";
}

/*
 * Read the key that @arg names and give it to the cipher. On success @kt->key
 * is replaced by @ref. @arg is left to the caller to wipe.
 */
static int ksm_target_set_key(struct ksm_target *kt, struct ksm_keyref *ref,
			      const char *arg, const struct ksm_mode *mode,
			      char **error)
{
	struct ksm_key *key;
	u8 *raw;
	int err = -ENOMEM, wipe_err;

	key = kzalloc(sizeof(*key), GFP_KERNEL);
	raw = kzalloc(KSM_MAX_KEY_SIZE, GFP_KERNEL);
	if (!key || !raw) {
		*error = "Out of memory";
		goto out;
	}

	err = ksm_keyref_read(ref, arg, raw, error);
	if (err)
		goto out;
	err = ksm_key_init(key, mode, raw, ref->size, kt->line.sector_size,
			   ksm_hw_dun_bytes(kt));
	if (err) {
		*error = "Cipher refuses the key";
		goto out;
	}
	/* From here on an error leaves no key, neither the old one nor this. */
	kt->key_valid = false;
	err = ksm_fallback_set_key(kt->fb, key);
	if (err) {
		*error = key_refused(err);
		goto out_wipe;
	}
	err = ksm_hw_set_key(kt, key);
	if (err) {
		*error = "Engine may not have forgotten the old key";
		goto out_wipe;
	}
	kt->key_valid = true;
	ksm_keyref_exit(&kt->key);
	kt->key = *ref;
	ref->name = NULL;
	goto out;

out_wipe:
	/* What the cipher has got of it. */
	wipe_err = ksm_fallback_wipe_key(kt->fb);
	if (wipe_err)
		DMERR("cipher error %d, key may still be in memory", wipe_err);
out:
	kfree_sensitive(raw);
	kfree_sensitive(key);
	return err;
}

static int message_key_set(struct ksm_target *kt, char *arg)
{
	const unsigned int size = kt->key.size;
	struct ksm_keyref ref;
	char *error = NULL;
	int err;

	err = ksm_keyref_parse(&ref, arg, &error);
	if (!err && ref.size != size) {
		error = "Key has another size than the table's";
		err = -EINVAL;
	}
	if (!err)
		err = ksm_target_set_key(kt, &ref, arg,
					 ksm_mode_find(kt->line.cipher, size),
					 &error);
	ksm_keyref_exit(&ref);
	if (err)
		DMERR("key set: %s", error);
	return err;
}

static int message_key_wipe(struct ksm_target *kt)
{
	int err, hw_err;

	kt->key_valid = false;
	err = ksm_fallback_wipe_key(kt->fb);
	if (err)
		DMERR("key wipe: cipher error %d, key may still be in memory",
		      err);
	hw_err = ksm_hw_wipe_key(kt);
	if (hw_err)
		DMERR("key wipe: error %d, key may still be in the engine",
		      hw_err);
	return err ?: hw_err;
}

static int ksm_target_message(struct dm_target *ti, unsigned int argc,
			      char **argv, char *result, unsigned int maxlen)
{
	struct ksm_target *kt = ti->private;
	bool set = argc == 3 && !strcasecmp(argv[0], "key") &&
		   !strcasecmp(argv[1], "set");
	bool wipe = argc == 2 && !strcasecmp(argv[0], "key") &&
		    !strcasecmp(argv[1], "wipe");
	unsigned int flags;
	int err = -EINVAL;

	if (!set && !wipe) {
		DMERR("messages are: key set <key>, key wipe");
		/* It may have been meant to be a key. */
		while (argc--)
			ksm_keyref_wipe_arg(argv[argc]);
		return -EINVAL;
	}

	/* A suspended mapping may hold the swap space: it gives no memory. */
	flags = memalloc_noio_save();
	mutex_lock(&kt->lock);
	if (!READ_ONCE(kt->suspended))
		DMERR("key %s: device is not suspended", argv[1]);
	else if (set)
		err = message_key_set(kt, argv[2]);
	else
		err = message_key_wipe(kt);
	mutex_unlock(&kt->lock);
	memalloc_noio_restore(flags);
	if (set)
		ksm_keyref_wipe_arg(argv[2]);
	return err;
}

/* ---- construction ---- */

static void ksm_target_dtr(struct dm_target *ti)
{
	struct ksm_target *kt = ti->private;

	mutex_lock(&targets_lock);
	list_del(&kt->node);
	mutex_unlock(&targets_lock);
	ksm_hw_close(kt);
	if (kt->fb)
		ksm_fallback_destroy(kt->fb);
	if (kt->dev)
		dm_put_device(ti, kt->dev);
	ksm_keyref_exit(&kt->key);
	ksm_line_exit(&kt->line);
	mutex_destroy(&kt->lock);
	kfree(kt);
}

static int ksm_target_open_device(struct dm_target *ti, char *path)
{
	struct ksm_target *kt = ti->private;
	unsigned int block;
	int err;

	err = ksm_keyref_is_misplaced(path) ?
		      -ENODEV :
		      dm_get_device(ti, path, dm_table_get_mode(ti->table),
				    &kt->dev);
	if (err) {
		kt->dev = NULL;
		ti->error = "Device cannot be opened";
		return err;
	}
	if (bdev_is_zoned(kt->dev->bdev)) {
		kt->zoned = true;
		/*
		 * An appending write learns its place only when it is done,
		 * but the IV is its place.
		 */
		ti->emulate_zone_append = true;
	}
	kt->in_order = kt->zoned || compat_bdev_rot(kt->dev->bdev);
	block = max(bdev_logical_block_size(kt->dev->bdev),
		    kt->line.sector_size);
	kt->unit_mask = (kt->line.sector_size >> SECTOR_SHIFT) - 1;
	kt->max_write = round_down(ksm_fallback_max_write(kt->fb), block) >>
			SECTOR_SHIFT;
	if (!kt->max_write) {
		ti->error =
			"Device's blocks are larger than crypto_fallback's reserve_pages";
		return -EINVAL;
	}
	return 0;
}

static int ksm_target_open_cipher(struct dm_target *ti, char *key_arg)
{
	struct ksm_target *kt = ti->private;
	struct ksm_fallback_config config = {
		.name = dm_table_device_name(ti->table),
		.data_unit_size = kt->line.sector_size,
		.iv_counts_units = kt->line.iv_large_sectors,
		.iv_offset = kt->line.iv_offset,
		.done = ksm_io_decrypted,
		.submit = ksm_io_encrypted,
	};
	const struct ksm_mode *mode;
	struct ksm_keyref ref;
	int err;

	/* The name first: to the key of some other cipher we cannot say much. */
	if (ksm_mode_find(kt->line.cipher, 0) == ERR_PTR(-ENOENT)) {
		ti->error = "Cipher is not supported";
		return -EINVAL;
	}
	err = ksm_keyref_parse(&ref, key_arg, &ti->error);
	if (err)
		return err;

	mode = ksm_mode_find(kt->line.cipher, ref.size);
	if (IS_ERR(mode)) {
		ti->error = "Key size does not fit the cipher";
		err = PTR_ERR(mode);
		goto out;
	}
	config.mode = mode;
	kt->fb = ksm_fallback_create(&config);
	if (IS_ERR(kt->fb)) {
		err = PTR_ERR(kt->fb);
		kt->fb = NULL;
		if (err != -ENOENT)
			ti->error = "Cipher cannot be set up";
		else if (fips_enabled)
			ti->error =
				"Cipher is not available in this kernel in FIPS mode";
		else
			ti->error = "Cipher is not available in this kernel";
		goto out;
	}
	err = ksm_target_set_key(kt, &ref, key_arg, mode, &ti->error);
out:
	ksm_keyref_exit(&ref);
	return err;
}

static int ksm_target_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct ksm_target *kt;
	int err;

	kt = kzalloc(sizeof(*kt), GFP_KERNEL);
	if (!kt) {
		ti->error = "Out of memory";
		err = -ENOMEM;
		goto out;
	}
	mutex_init(&kt->lock);
	kt->table = ti->table;
	kt->len = ti->len;
	/* No I/O comes before it is resumed, which may fail. */
	kt->suspended = true;
	ti->private = kt;
	mutex_lock(&targets_lock);
	list_add(&kt->node, &targets);
	mutex_unlock(&targets_lock);

	err = ksm_line_parse(&kt->line, ti, argc, argv);
	if (!err)
		err = ksm_target_open_cipher(ti, argv[1]);
	if (!err)
		err = ksm_target_open_device(ti, argv[3]);
	if (!err)
		err = ksm_hw_open(kt, dm_table_device_name(ti->table),
				  ksm_io_no_ctx, &ti->error);
	if (err) {
		ksm_target_dtr(ti);
		goto out;
	}

	ti->num_flush_bios = 1;
	if (kt->line.allow_discards)
		ti->num_discard_bios = 1;
	/* Zeroes must be written as ciphertext: no num_write_zeroes_bios. */
	ti->limit_swap_bios = true;
	ti->per_io_data_size = ksm_io_size(kt);
out:
	if (!err)
		ksm_keyref_wipe_arg(argv[1]);
	/* In a line that is refused the key may be anywhere. */
	while (err && argc--)
		ksm_keyref_wipe_arg(argv[argc]);
	return err;
}

/* ---- suspend and resume ---- */

static void ksm_target_postsuspend(struct dm_target *ti)
{
	struct ksm_target *kt = ti->private;

	mutex_lock(&kt->lock);
	WRITE_ONCE(kt->suspended, true);
	mutex_unlock(&kt->lock);
}

/*
 * One of its targets refuses, so none gets any I/O. Device mapper does not tell
 * those that have agreed already, whose keys can still be changed. Not under
 * their locks: a message to one of them may be waiting for its keyring or
 * engine. No I/O has begun since they were suspended, so there is nothing to be
 * ordered with.
 */
static void table_stays_suspended(struct dm_table *table)
{
	struct ksm_target *kt;

	mutex_lock(&targets_lock);
	list_for_each_entry(kt, &targets, node) {
		if (kt->table == table)
			WRITE_ONCE(kt->suspended, true);
	}
	mutex_unlock(&targets_lock);
}

static int ksm_target_preresume(struct dm_target *ti)
{
	struct ksm_target *kt = ti->private;
	unsigned int flags;
	int err = 0;

	/* As for messages. What verifies the engine allocates, too. */
	flags = memalloc_noio_save();
	mutex_lock(&kt->lock);
	if (kt->key_valid)
		err = ksm_hw_activate(kt);
	if (err) {
		DMERR("not resumed: hw:require, but %s", kt->hw.why);
	} else if (kt->key_valid) {
		/*
		 * From now on the key stays. Not in resume(): I/O may begin
		 * before that, while a message is still changing the key.
		 */
		WRITE_ONCE(kt->suspended, false);
	} else {
		DMERR("not resumed: no key is set");
		err = -EAGAIN;
	}
	mutex_unlock(&kt->lock);
	memalloc_noio_restore(flags);
	if (err)
		table_stays_suspended(ti->table);
	return err;
}

/* ---- description ---- */

static void emit_info(struct ksm_target *kt, char *result, unsigned int maxlen)
{
	bool active = READ_ONCE(kt->hw.active);
	struct ksm_client_stats hw = {};
	struct ksm_fallback_stats sw;
	unsigned int sz = 0;

	ksm_fallback_get_stats(kt->fb, &sw);
	if (kt->hw.client)
		ksm_client_get_stats(kt->hw.client, &hw);
	if (active)
		DMEMIT("hardware %s", ksm_name(ksm_client_ksm(kt->hw.client)));
	else
		DMEMIT("software %s", ksm_fallback_engine_name(kt->fb));
	DMEMIT(" reads:%llu writes:%llu deferred:%llu softirq:%llu shared:%llu",
	       sw.reads, sw.writes, sw.deferred, sw.softirq, sw.shared);
	DMEMIT(" parallel:%llu reserve:%llu errors:%llu", sw.parallel,
	       sw.reserve, sw.errors);
	DMEMIT(" key:%s", READ_ONCE(kt->key_valid) ? "set" : "none");
	DMEMIT(" hw:%s", READ_ONCE(kt->hw.why));
	if (!kt->hw.client)
		return;
	DMEMIT(" slots:%u", ksm_num_slots(ksm_client_ksm(kt->hw.client)));
	DMEMIT(" hw_bios:%llu hw_waited:%llu hw_failed:%llu hw_lost:%llu",
	       hw.attached, hw.deferred, hw.failed, hw.lost);
}

static void emit_options(const struct ksm_line *line, char *result,
			 unsigned int maxlen, unsigned int sz)
{
	bool sector_size = line->sector_size != KSM_MIN_DATA_UNIT;
	unsigned int count, i;

	count = line->allow_discards + line->iv_large_sectors + sector_size +
		(line->hw != KSM_HW_AUTO) + hweight_long(line->sched_options);
	if (!count)
		return;
	DMEMIT(" %u", count);
	if (line->allow_discards)
		DMEMIT(" allow_discards");
	for_each_set_bit(i, &line->sched_options, KSM_SCHED_OPTIONS)
		DMEMIT(" %s", ksm_sched_option_name(i));
	if (sector_size)
		DMEMIT(" sector_size:%u", line->sector_size);
	if (line->iv_large_sectors)
		DMEMIT(" iv_large_sectors");
	if (line->hw != KSM_HW_AUTO)
		DMEMIT(" hw:%s", ksm_hw_choice_name(line->hw));
}

static void emit_table(struct ksm_target *kt, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	/* A message may be replacing the key's name. */
	mutex_lock(&kt->lock);
	if (kt->key.name)
		DMEMIT("%s :%u:%s", kt->line.cipher, kt->key.size,
		       kt->key.name);
	else
		DMEMIT("%s %s", kt->line.cipher, KSM_KEY_REDACTED);
	mutex_unlock(&kt->lock);
	DMEMIT(" %llu %s %llu", kt->line.iv_offset, kt->dev->name,
	       (unsigned long long)kt->line.start);
	emit_options(&kt->line, result, maxlen, sz);
}

static void emit_ima(struct dm_target *ti, char *result, unsigned int maxlen)
{
	struct ksm_target *kt = ti->private;
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",allow_discards=%c", kt->line.allow_discards ? 'y' : 'n');
	DMEMIT(",iv_large_sectors=%c", kt->line.iv_large_sectors ? 'y' : 'n');
	DMEMIT(",sector_size=%u", kt->line.sector_size);
	DMEMIT(",cipher_string=%s", kt->line.cipher);
	DMEMIT(",key_size=%u", kt->key.size);
	DMEMIT(",hw=%s", ksm_hw_choice_name(kt->line.hw));
	DMEMIT(";");
}

static void ksm_target_status(struct dm_target *ti, status_type_t type,
			      unsigned int status_flags, char *result,
			      unsigned int maxlen)
{
	switch (type) {
	case STATUSTYPE_INFO:
		emit_info(ti->private, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		emit_table(ti->private, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		emit_ima(ti, result, maxlen);
		break;
	}
}

static int ksm_target_iterate_devices(struct dm_target *ti,
				      iterate_devices_callout_fn fn, void *data)
{
	struct ksm_target *kt = ti->private;

	return fn(ti, kt->dev, kt->line.start, ti->len, data);
}

static void ksm_target_io_hints(struct dm_target *ti,
				struct queue_limits *limits)
{
	struct ksm_target *kt = ti->private;

	limits->logical_block_size =
		max(limits->logical_block_size, kt->line.sector_size);
	limits->physical_block_size =
		max(limits->physical_block_size, kt->line.sector_size);
	limits->io_min = max(limits->io_min, kt->line.sector_size);
	limits->dma_alignment = limits->logical_block_size - 1;
	if (kt->line.allow_discards)
		limits->discard_granularity = max(limits->discard_granularity,
						  limits->logical_block_size);
	/* Where the block layer splits writes, it must be at round sectors. */
	if (!kt->zoned)
		return;
	limits->max_hw_sectors =
		round_down(min(limits->max_hw_sectors, kt->max_write),
			   kt->line.sector_size >> SECTOR_SHIFT);
	/* Linux 6.1 looks at this for zone appends; later ones derive it. */
	limits->max_sectors = min(limits->max_sectors, limits->max_hw_sectors);
}

/*
 * A command that goes straight to the device is not encrypted. So this always
 * says that the mapping is less than the device, for which device mapper asks
 * for CAP_SYS_RAWIO.
 */
static COMPAT_DM_PREPARE_IOCTL(ksm_target_prepare_ioctl)
{
	struct ksm_target *kt = ti->private;

	*bdev = kt->dev->bdev;
	return 1;
}

#ifdef CONFIG_BLK_DEV_ZONED
static int ksm_target_report_zones(struct dm_target *ti,
				   struct dm_report_zones_args *args,
				   unsigned int nr_zones)
{
	struct ksm_target *kt = ti->private;
	sector_t sector =
		kt->line.start + dm_target_offset(ti, args->next_sector);

	return dm_report_zones(kt->dev->bdev, kt->line.start, sector, args,
			       nr_zones);
}
#else
#define ksm_target_report_zones NULL
#endif

struct target_type ksm_target_type = {
	.name = "ksm",
	.version = { 0, 1, 0 },
	.features = DM_TARGET_ZONED_HM,
	.module = THIS_MODULE,
	.ctr = ksm_target_ctr,
	.dtr = ksm_target_dtr,
	.map = ksm_io_map,
	.end_io = ksm_io_end,
	.postsuspend = ksm_target_postsuspend,
	.preresume = ksm_target_preresume,
	.message = ksm_target_message,
	.status = ksm_target_status,
	.iterate_devices = ksm_target_iterate_devices,
	.io_hints = ksm_target_io_hints,
	.prepare_ioctl = ksm_target_prepare_ioctl,
	.report_zones = ksm_target_report_zones,
};
