// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk without a medium. It takes bios, asks ksm_core what their contexts are,
 * and remembers. All that can be read is a partition table.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <bio_disk.h>

#include "ksm_selftest.h"
#include "ksm_selftest_disk.h"

/**
 * struct st_disk - a disk
 * @lock: protects the rest
 * @seen: bios with contexts, the first ones that came
 * @count: number of them
 * @lose: bytes of each that do not pass the engine
 * @hold: who submits a bio sleeps until this is off
 * @released: woken when it is
 * @held: somebody sleeps
 */
struct st_disk {
	spinlock_t lock; /* see above */
	struct st_seen seen[ST_SEEN];
	unsigned int count;
	unsigned int lose;
	bool hold;
	wait_queue_head_t released;
	struct completion held;
};

static void remember(struct st_disk *d, const struct st_seen *seen)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	if (d->count < ST_SEEN)
		d->seen[d->count] = *seen;
	d->count++;
	spin_unlock_irqrestore(&d->lock, flags);
}

/* One partition, in the format of old PCs. */
static void write_table(u8 *sector)
{
	const __le32 start = cpu_to_le32(ST_PART_START);
	const __le32 size = cpu_to_le32(ST_PART_SECTORS);
	u8 *entry = sector + 446;

	entry[4] = 0x83;
	memcpy(entry + 8, &start, sizeof(start));
	memcpy(entry + 12, &size, sizeof(size));
	sector[510] = 0x55;
	sector[511] = 0xaa;
}

static void read_bio(struct bio *bio)
{
	struct bio_vec bv;
	u8 *data;

	zero_fill_bio(bio);
	if (bio->bi_iter.bi_sector || !bio_has_data(bio))
		return;
	bv = bio_iovec(bio);
	data = bvec_kmap_local(&bv);
	write_table(data);
	kunmap_local(data);
}

static void st_submit_bio(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;
	struct st_disk *d = disk->private_data;
	struct st_seen seen = {
		.sector = bio->bi_iter.bi_sector,
		.bytes = bio->bi_iter.bi_size,
	};

	seen.err = ksm_bio_crypt(disk, bio, &seen.crypt);
	if (seen.err || seen.crypt.key)
		remember(d, &seen);
	if (READ_ONCE(d->hold)) {
		complete(&d->held);
		wait_event(d->released, !READ_ONCE(d->hold));
	}
	if (seen.err) {
		bio_io_error(bio);
		return;
	}
	if (seen.crypt.ctx)
		ksm_ctx_done(seen.crypt.ctx, seen.bytes - d->lose);
	if (bio_op(bio) == REQ_OP_READ)
		read_bio(bio);
	bio_endio(bio);
}

static const struct block_device_operations st_disk_ops = {
	.owner = THIS_MODULE,
	.submit_bio = st_submit_bio,
};

/**
 * st_disk_new() - make a disk
 *
 * Return: the disk, or NULL; then the test has failed.
 */
struct gendisk *st_disk_new(void)
{
	static atomic_t serial;
	struct gendisk *disk;
	struct st_disk *d;
	int err;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d) {
		st_fail("no memory");
		return NULL;
	}
	spin_lock_init(&d->lock);
	init_waitqueue_head(&d->released);
	init_completion(&d->held);
	disk = compat_blk_alloc_disk();
	if (IS_ERR(disk)) {
		st_fail("no disk: %ld", PTR_ERR(disk));
		kfree(d);
		return NULL;
	}
	disk->fops = &st_disk_ops;
	disk->private_data = d;
	snprintf(disk->disk_name, sizeof(disk->disk_name), "ksmself%d",
		 atomic_inc_return(&serial));
	set_capacity(disk, ST_DISK_SECTORS);
	err = add_disk(disk);
	if (err) {
		st_fail("add_disk: %d", err);
		put_disk(disk);
		kfree(d);
		return NULL;
	}
	return disk;
}

void st_disk_free(struct gendisk *disk)
{
	struct st_disk *d = disk->private_data;

	del_gendisk(disk);
	put_disk(disk);
	kfree(d);
}

struct block_device *st_disk_bdev(struct gendisk *disk)
{
	return disk->part0;
}

/* The partition; nobody but the disk's owner makes it go away. */
struct block_device *st_disk_part(struct gendisk *disk)
{
	struct block_device *part = xa_load(&disk->part_tbl, 1);

	if (!part)
		st_fail("%s has no partition", disk->disk_name);
	return part;
}

/**
 * st_disk_seen() - the bios with contexts that came since this was last called
 * @disk: the disk
 * @seen: set to the first ST_SEEN of them
 *
 * Return: their number.
 */
unsigned int st_disk_seen(struct gendisk *disk, struct st_seen *seen)
{
	struct st_disk *d = disk->private_data;
	unsigned long flags;
	unsigned int count;

	spin_lock_irqsave(&d->lock, flags);
	count = d->count;
	memcpy(seen, d->seen, sizeof(d->seen));
	memset(d->seen, 0, sizeof(d->seen));
	d->count = 0;
	spin_unlock_irqrestore(&d->lock, flags);
	return count;
}

/* Bytes of each bio that do not pass the engine from now on. */
void st_disk_lose(struct gendisk *disk, unsigned int bytes)
{
	struct st_disk *d = disk->private_data;

	d->lose = bytes;
}

/* Wait until a bio is held. */
bool st_disk_holds(struct gendisk *disk)
{
	struct st_disk *d = disk->private_data;

	return wait_for_completion_timeout(&d->held, ST_TIMEOUT);
}

/* Whether bios are held: who submits them sleeps. */
void st_disk_hold(struct gendisk *disk, bool hold)
{
	struct st_disk *d = disk->private_data;

	WRITE_ONCE(d->hold, hold);
	wake_up_all(&d->released);
}
