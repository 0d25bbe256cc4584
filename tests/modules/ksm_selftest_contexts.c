// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of bio contexts: which bios have which, and how long.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "ksm_selftest_setup.h"

/* It has none. */
static void is_other(struct setup *s, sector_t sector, unsigned int bytes)
{
	struct ksm_crypt crypt;

	st_is(ask(s, s->f->disk, sector, bytes, &crypt), 0);
	st_true(!crypt.key);
	st_true(!crypt.ctx);
	st_is(crypt.slot, KSM_NO_SLOT);
}

/* ---- finding ---- */

static void test_ctx_find(void)
{
	struct setup *s = setup(2, false);
	int i;

	if (!s)
		return;
	is_other(s, SECTOR, BIO_SIZE);
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	is_part(s, SECTOR, BIO_SIZE, DUN);
	for (i = 0; i < UNITS; i++) {
		is_part(s, SECTOR + i * SECTORS, UNIT, DUN + i);
		is_part(s, SECTOR + i * SECTORS, BIO_SIZE - i * UNIT, DUN + i);
	}
	/* Nothing of it. */
	is_other(s, SECTOR - SECTORS, UNIT);
	is_other(s, SECTOR + UNITS * SECTORS, UNIT);
	is_other(s, 0, UNIT);
	/* It goes with the context. */
	st_is(detach(s, 0), BIO_SIZE);
	is_other(s, SECTOR, BIO_SIZE);
out:
	setup_end(s);
}

static void test_ctx_misfit(void)
{
	struct setup *s = setup(2, false);

	if (!s)
		return;
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	/* No whole units. */
	is_bad(s, SECTOR + 1, UNIT);
	is_bad(s, SECTOR, UNIT + 512);
	is_bad(s, SECTOR, 512);
	is_bad(s, SECTOR + SECTORS - 1, 512);
	/* Partly of something else. */
	is_bad(s, SECTOR - SECTORS, BIO_SIZE);
	is_bad(s, SECTOR - SECTORS, 2 * UNIT);
	is_bad(s, SECTOR, BIO_SIZE + UNIT);
	is_bad(s, SECTOR - SECTORS, BIO_SIZE + 2 * UNIT);
	is_bad(s, SECTOR + (UNITS - 1) * SECTORS, 2 * UNIT);
	is_bad(s, SECTOR - 1, 1024);
	detach(s, 0);
out:
	setup_end(s);
}

/* Keys with units of 512 bytes, and numbers beyond 32 bits. */
static void test_ctx_small_units(void)
{
	struct ksm_client_config config = client_config;
	struct setup *s = setup(1, false);
	const u64 dun = 0xfffffffeULL;
	struct ksm_crypt crypt;
	struct ksm_key key;
	int i;

	if (!s)
		return;
	ksm_client_close(s->client);
	config.mode = ksm_mode_get(KSM_MODE_AES_256_XTS);
	config.data_unit_size = 512;
	s->client = ksm_client_open(st_disk_bdev(s->f->disk), &config);
	if (!st_is(PTR_ERR_OR_ZERO(s->client), 0)) {
		s->client = NULL;
		goto out;
	}
	st_is(ksm_key_init(&key, config.mode, s->f->key[A].raw, 64, 512, 8), 0);
	if (!st_is(ksm_attach_ctx_wait(s->client, &s->io[0]->ctx,
				       &s->io[0]->bio, &key, dun),
		   0))
		goto out;
	s->io[0]->attached = true;
	for (i = 0; i < UNITS * SECTORS; i++) {
		st_is(ask(s, s->f->disk, SECTOR + i, 512, &crypt), 0);
		st_true(crypt.key == &key);
		st_is(crypt.dun, dun + i);
	}
	detach(s, 0);
	st_is(ksm_client_evict(s->client, &key), 0);
	ksm_key_destroy(&key);
out:
	setup_end(s);
}

static void test_ctx_other_disk(void)
{
	struct setup *s = setup(2, false);
	struct fake *other = fake_new_disk(2);
	struct ksm_crypt crypt;

	if (!s || !other || !st_is(attach(s, 0, A, DUN), 0))
		goto out;
	st_is(ask(s, other->disk, SECTOR, BIO_SIZE, &crypt), 0);
	st_true(!crypt.key);
	is_part(s, SECTOR, BIO_SIZE, DUN);
	detach(s, 0);
out:
	fake_free(other);
	if (s)
		setup_end(s);
}

/* Other vectors, bios without data, and operations that are not encrypted. */
static void test_ctx_other_bio(void)
{
	struct setup *s = setup(2, false);
	struct gendisk *disk;
	struct ksm_crypt crypt;
	struct bio bio;

	if (!s)
		return;
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	disk = s->f->disk;
	st_is(ksm_bio_crypt(disk, &s->io[1]->bio, &crypt), 0);
	st_true(!crypt.key);

	bio_init(&bio, NULL, NULL, 0, REQ_OP_DISCARD);
	bio.bi_iter.bi_sector = SECTOR;
	bio.bi_iter.bi_size = BIO_SIZE;
	st_is(ksm_bio_crypt(disk, &bio, &crypt), 0);
	st_true(!crypt.key);
	bio_init(&bio, NULL, NULL, 0, REQ_OP_WRITE | REQ_PREFLUSH);
	bio.bi_iter.bi_sector = SECTOR;
	st_is(ksm_bio_crypt(disk, &bio, &crypt), 0);
	st_true(!crypt.key);

	bio_init(&bio, NULL, NULL, 0, REQ_OP_READ);
	bio.bi_io_vec = s->io[0]->vec;
	bio.bi_iter = s->io[0]->bio.bi_iter;
	st_is(ksm_bio_crypt(disk, &bio, &crypt), 0);
	st_true(crypt.key == &s->f->key[A]);
	/* Where it will be written is not known yet. */
	bio.bi_opf = REQ_OP_ZONE_APPEND;
	st_is(ksm_bio_crypt(disk, &bio, &crypt), -EIO);
	detach(s, 0);
out:
	setup_end(s);
}

/* Contexts are about the disk's sectors, whatever the submitter's device is. */
static void test_ctx_partition(void)
{
	struct setup *s = setup(2, true);

	if (!s)
		return;
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	is_other(s, SECTOR, BIO_SIZE);
	is_part(s, ST_PART_START + SECTOR, BIO_SIZE, DUN);
	is_part(s, ST_PART_START + SECTOR + SECTORS, UNIT, DUN + 1);
	detach(s, 0);
out:
	setup_end(s);
}

static void test_ctx_no_slots(void)
{
	struct setup *s = setup(0, false);
	struct ksm_crypt crypt;
	int i;

	if (!s)
		return;
	for (i = 0; i < 2; i++) {
		if (!st_is(i ? submit(s, 0, A, DUN) : attach(s, 0, A, DUN), 0))
			break;
		st_is(ask(s, s->f->disk, SECTOR, UNIT, &crypt), 0);
		st_true(crypt.key == &s->f->key[A]);
		st_is(crypt.slot, KSM_NO_SLOT);
		st_is(detach(s, 0), BIO_SIZE);
	}
	fake_log_is(s->f, "");
	setup_end(s);
}

/* ---- what has passed the engine ---- */

static void try_done(struct setup *s, const unsigned int *parts,
		     unsigned int left)
{
	if (!st_is(attach(s, 0, A, DUN), 0))
		return;
	for (; *parts; parts++)
		ksm_ctx_done(&s->io[0]->ctx, *parts);
	st_is(detach(s, 0), left);
}

static void test_ctx_done(void)
{
	static const unsigned int none[] = { 0 };
	static const unsigned int some[] = { UNIT, 2 * UNIT, 0 };
	static const unsigned int all[] = { BIO_SIZE, 0 };
	static const unsigned int twice[] = { BIO_SIZE, BIO_SIZE, 0 };
	static const unsigned int parts[] = { UNIT, BIO_SIZE - UNIT, 0 };
	static const unsigned int more[] = { BIO_SIZE - UNIT, 2 * UNIT, 0 };
	static const unsigned int after[] = { BIO_SIZE, UNIT, 0 };
	struct setup *s = setup(1, false);
	struct ksm_client_stats stats;

	if (!s)
		return;
	try_done(s, all, 0);
	try_done(s, twice, 0);
	try_done(s, parts, 0);
	try_done(s, more, 0);
	try_done(s, after, 0);
	ksm_client_get_stats(s->client, &stats);
	st_is(stats.attached, 5);
	st_is(stats.lost, 0);
	try_done(s, none, BIO_SIZE);
	try_done(s, some, BIO_SIZE - 3 * UNIT);
	/* Of one that has failed, nothing else was to be expected. */
	s->io[0]->bio.bi_status = BLK_STS_IOERR;
	try_done(s, some, BIO_SIZE - 3 * UNIT);
	ksm_client_get_stats(s->client, &stats);
	st_is(stats.lost, 2);
	st_is(stats.failed, 0);
	st_is(stats.deferred, 0);
	setup_end(s);
}

/* A context has its slot as long as it is attached. */
static void test_ctx_slot(void)
{
	struct setup *s = setup(1, false);
	struct bio_list list[2] = { BIO_EMPTY_LIST, BIO_EMPTY_LIST };
	int err;

	if (!s)
		return;
	st_is(attach(s, 0, A, DUN), 0);
	st_is(attach(s, 1, A, DUN), 0);
	current->bio_list = list;
	err = attach(s, 2, B, DUN);
	current->bio_list = NULL;
	st_is(err, -EDEADLK);
	detach(s, 0);
	detach(s, 1);
	/* Idle, or this would hang. */
	st_is(attach(s, 2, B, DUN), 0);
	detach(s, 2);
	fake_log_is(s->f, "p0 p0 ");
	setup_end(s);
}

const struct st_test st_context_tests[] = {
	{ "ctx-find", test_ctx_find },
	{ "ctx-misfit", test_ctx_misfit },
	{ "ctx-small-units", test_ctx_small_units },
	{ "ctx-other-disk", test_ctx_other_disk },
	{ "ctx-other-bio", test_ctx_other_bio },
	{ "ctx-partition", test_ctx_partition },
	{ "ctx-no-slots", test_ctx_no_slots },
	{ "ctx-done", test_ctx_done },
	{ "ctx-slot", test_ctx_slot },
	{}
};
