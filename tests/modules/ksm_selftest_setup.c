// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tests of bio contexts have in common: a disk, a client, some bios.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ksm_selftest_setup.h"

/* There is one at a time. */
static struct setup *the_setup;

static void io_ended(struct io *io)
{
	io->order = atomic_inc_return(&the_setup->ended);
	complete(&io->done);
}

static void io_end(struct bio *bio)
{
	struct io *io = container_of(bio, struct io, bio);

	io->attached = false;
	io->left = ksm_detach_ctx(&io->ctx);
	io->err = blk_status_to_errno(bio->bi_status);
	io_ended(io);
}

static void io_failed(struct ksm_ctx *ctx, int err)
{
	struct io *io = container_of(ctx, struct io, ctx);

	st_true(ctx->bio == &io->bio);
	io->err = err;
	io_ended(io);
}

/* A write of UNITS data units at SECTOR. */
static bool io_make(struct io *io, struct block_device *bdev)
{
	int i;

	io->page = alloc_page(GFP_KERNEL);
	if (!io->page)
		return false;
	bio_init(&io->bio, bdev, io->vec, UNITS, REQ_OP_WRITE);
	for (i = 0; i < UNITS; i++)
		__bio_add_page(&io->bio, io->page, UNIT, 0);
	io->bio.bi_iter.bi_sector = SECTOR;
	io->bio.bi_end_io = io_end;
	init_completion(&io->done);
	io->err = -EINPROGRESS;
	/* Contexts need not be initialized. */
	memset(&io->ctx, 0xa5, sizeof(io->ctx));
	return true;
}

const struct ksm_client_config client_config = {
	.name = "selftest",
	.data_unit_size = UNIT,
	.dun_bytes = 8,
	.failed = io_failed,
};

struct ksm_client *client_open(struct block_device *bdev)
{
	struct ksm_client_config config = client_config;
	struct ksm_client *client;

	config.mode = ksm_mode_get(KSM_MODE_AES_256_XTS);
	client = ksm_client_open(bdev, &config);
	if (!IS_ERR(client))
		return client;
	st_fail("ksm_client_open: %ld", PTR_ERR(client));
	return NULL;
}

void setup_end(struct setup *s)
{
	struct io *io;
	int i;

	for (i = 0; i < ARRAY_SIZE(s->io); i++) {
		io = s->io[i];
		if (!io)
			continue;
		/* Tests that have failed leave these. */
		if (io->deferred && !io_wait(s, i)) {
			fake_destroy(s->f);
			wait_for_completion(&io->done);
		}
		if (io->attached)
			ksm_detach_ctx(&io->ctx);
		if (io->bio.bi_io_vec)
			bio_uninit(&io->bio);
		if (io->page)
			__free_page(io->page);
		kfree(io);
	}
	if (s->client)
		ksm_client_close(s->client);
	fake_free(s->f);
	kfree(s);
}

/**
 * setup() - make everything
 * @num_slots: the provider's slots
 * @part: the client and the bios are for the disk's partition
 *
 * Return: it, or NULL; then the test has failed.
 */
struct setup *setup(unsigned int num_slots, bool part)
{
	struct setup *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct block_device *bdev;
	int i;

	if (!s) {
		st_fail("no memory");
		return NULL;
	}
	s->f = fake_new_disk(num_slots);
	if (!s->f)
		goto fail;
	bdev = part ? st_disk_part(s->f->disk) : st_disk_bdev(s->f->disk);
	if (!bdev)
		goto fail;
	s->client = client_open(bdev);
	if (!s->client)
		goto fail;
	for (i = 0; i < ARRAY_SIZE(s->io); i++) {
		s->io[i] = kzalloc(sizeof(*s->io[i]), GFP_KERNEL);
		if (!s->io[i] || !io_make(s->io[i], bdev)) {
			st_fail("no memory");
			goto fail;
		}
	}
	the_setup = s;
	return s;
fail:
	setup_end(s);
	return NULL;
}

/* A context is attached once; what should have failed before may not have. */
static bool io_busy(struct io *io)
{
	if (io->attached || io->deferred)
		st_fail("a bio has a context that it should not have");
	return io->attached || io->deferred;
}

/* As the functions of ksm_core that they are named after. */
int attach(struct setup *s, int nr, int key, u64 dun)
{
	struct io *io = s->io[nr];
	int err;

	if (io_busy(io))
		return -EBUSY;
	err = ksm_attach_ctx_wait(s->client, &io->ctx, &io->bio,
				  &s->f->key[key], dun);
	io->attached = !err;
	return err;
}

int submit(struct setup *s, int nr, int key, u64 dun)
{
	struct io *io = s->io[nr];
	int err;

	if (io_busy(io))
		return -EBUSY;
	err = ksm_submit_ctx(s->client, &io->ctx, &io->bio, &s->f->key[key],
			     dun);
	io->attached = !err;
	io->deferred = err == -EINPROGRESS;
	return err;
}

unsigned int detach(struct setup *s, int nr)
{
	if (!s->io[nr]->attached) {
		st_fail("a bio has no context that it should have");
		return 0;
	}
	s->io[nr]->attached = false;
	return ksm_detach_ctx(&s->io[nr]->ctx);
}

/* Whether a bio that was submitted has ended, well or not. */
bool io_wait(struct setup *s, int nr)
{
	if (!wait_for_completion_timeout(&s->io[nr]->done, ST_TIMEOUT)) {
		st_fail("bio %d does not end", nr);
		return false;
	}
	s->io[nr]->deferred = false;
	return true;
}

/*
 * As submit(), after other bios had to wait: the worker may be about to see that
 * there are no more, and take this one, too. Then it is what came of that.
 */
int submit_after(struct setup *s, int nr, int key, u64 dun)
{
	int err = submit(s, nr, key, dun);

	if (err == -EINPROGRESS && io_wait(s, nr))
		err = s->io[nr]->err;
	return err;
}

/* What a part of the first bio is said to be, when it has reached a disk. */
int ask(struct setup *s, struct gendisk *disk, sector_t sector,
	unsigned int bytes, struct ksm_crypt *crypt)
{
	struct bio part;

	memset(crypt, 0x5a, sizeof(*crypt));
	bio_init(&part, NULL, NULL, 0, REQ_OP_WRITE);
	part.bi_io_vec = s->io[0]->bio.bi_io_vec;
	part.bi_iter.bi_sector = sector;
	part.bi_iter.bi_size = bytes;
	return ksm_bio_crypt(disk, &part, crypt);
}

/* It has a context, of the first key. */
void is_part(struct setup *s, sector_t sector, unsigned int bytes, u64 dun)
{
	struct ksm_crypt crypt;

	st_is(ask(s, s->f->disk, sector, bytes, &crypt), 0);
	if (!st_true(crypt.key == &s->f->key[A]))
		return;
	st_is(crypt.dun, dun);
	st_true(crypt.ctx == &s->io[0]->ctx);
	fake_has(s->f, crypt.slot, A);
}

/* It is nothing that a context is about, and must be failed. */
void is_bad(struct setup *s, sector_t sector, unsigned int bytes)
{
	struct ksm_crypt crypt;

	st_is(ask(s, s->f->disk, sector, bytes, &crypt), -EIO);
}

/* For a thread: freezes the disk of a setup, which waits for its bios. */
void freeze_main(void *arg)
{
	struct setup *s = arg;

	ksm_freeze(s->f->ksm, s->f->disk);
}
