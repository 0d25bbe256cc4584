// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of bio contexts: bios on their way, and clients and disks that come and
 * go. Capabilities and keys, too.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "ksm_selftest_setup.h"

/* ---- submitting ---- */

/* Splits the bio at some of its units and submits all the parts. */
static bool submit_parts(struct bio *bio, struct bio_set *set)
{
	static const int units[] = { 1, 3, 2 };
	struct bio *split;
	int i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		split = bio_split(bio, units[i] * SECTORS, GFP_NOIO, set);
		if (!st_is(PTR_ERR_OR_ZERO(split), 0) || !st_true(split))
			return false;
		bio_chain(split, bio);
		submit_bio_noacct(split);
	}
	submit_bio_noacct(bio);
	return true;
}

/* The real way: bios of the block layer's own making arrive at the disk. */
static void try_submit(bool part)
{
	struct setup *s = setup(1, part);
	sector_t sector = SECTOR + (part ? ST_PART_START : 0);
	struct st_seen seen[ST_SEEN];
	/* Debug objects want it off the stack. One test runs at a time. */
	static struct bio_set set;
	int i, n;

	if (!s)
		return;
	memset(&set, 0, sizeof(set));
	if (!st_is(bioset_init(&set, 4, 0, BIOSET_NEED_BVECS), 0))
		goto out;
	/* So that it need not wait. */
	st_is(attach(s, 1, A, 0), 0);
	detach(s, 1);
	if (!st_is(submit(s, 0, A, DUN), 0) ||
	    !submit_parts(&s->io[0]->bio, &set))
		goto out_set;
	io_wait(s, 0);
	st_is(s->io[0]->err, 0);
	st_is(s->io[0]->left, 0);
	n = st_disk_seen(s->f->disk, seen);
	st_is(n, 4);
	for (i = 0; i < 4; i++) {
		st_is(seen[i].err, 0);
		st_true(seen[i].crypt.key == &s->f->key[A]);
		st_is(seen[i].crypt.slot, 0);
		st_is(seen[i].crypt.dun,
		      DUN + (seen[i].sector - sector) / SECTORS);
	}
	st_is(seen[0].sector, sector);
	st_is(seen[3].sector, sector + 6 * SECTORS);
	st_is(seen[3].bytes, 2 * UNIT);
out_set:
	bioset_exit(&set);
out:
	setup_end(s);
}

static void test_ctx_submit(void)
{
	try_submit(false);
}

static void test_ctx_submit_partition(void)
{
	try_submit(true);
}

/* The bio seems to be fine, but the disk has not encrypted all of it. */
static void test_ctx_lost(void)
{
	struct setup *s = setup(1, false);

	if (!s)
		return;
	st_disk_lose(s->f->disk, UNIT);
	if (st_is(attach(s, 0, A, DUN), 0)) {
		submit_bio_noacct(&s->io[0]->bio);
		io_wait(s, 0);
		st_is(s->io[0]->err, 0);
		st_is(s->io[0]->left, UNIT);
	}
	setup_end(s);
}

/* No slot at once: the bio goes later, and those after it after it. */
static void test_ctx_defer(void)
{
	struct setup *s = setup(1, false);
	struct st_seen seen[ST_SEEN];
	struct ksm_client_stats stats;
	int i, slot;

	if (!s)
		return;
	slot = ksm_slot_get(s->f->ksm, &s->f->key[A]);
	if (!st_is(slot, 0))
		goto out;
	st_is(submit(s, 0, B, 1), -EINPROGRESS);
	/* Though it could go at once. */
	st_is(submit(s, 1, A, 2), -EINPROGRESS);
	st_is(submit(s, 2, C, 3), -EINPROGRESS);
	st_tick();
	st_is(st_disk_seen(s->f->disk, seen), 0);
	ksm_slot_put(s->f->ksm, 0);
	for (i = 0; i < 3; i++) {
		io_wait(s, i);
		st_is(s->io[i]->err, 0);
		st_is(s->io[i]->left, 0);
		st_is(s->io[i]->order, i + 1);
	}
	st_is(st_disk_seen(s->f->disk, seen), 3);
	st_true(seen[0].crypt.key == &s->f->key[B]);
	st_is(seen[0].crypt.dun, 1);
	st_true(seen[1].crypt.key == &s->f->key[A]);
	st_true(seen[2].crypt.key == &s->f->key[C]);
	ksm_client_get_stats(s->client, &stats);
	st_is(stats.attached, 3);
	st_is(stats.deferred, 3);
	st_is(stats.failed, 0);
out:
	setup_end(s);
}

/* Inside submit_bio() it works as well: that is what it is for. */
static void test_ctx_defer_inside(void)
{
	struct bio_list list[2] = { BIO_EMPTY_LIST, BIO_EMPTY_LIST };
	struct setup *s = setup(1, false);
	int err;

	if (!s)
		return;
	current->bio_list = list;
	err = submit(s, 0, A, DUN);
	current->bio_list = NULL;
	st_is(err, -EINPROGRESS);
	io_wait(s, 0);
	st_is(s->io[0]->err, 0);
	setup_end(s);
}

/* The slot cannot be had: the submitter hears of it. */
static void test_ctx_defer_fails(void)
{
	struct setup *s = setup(1, false);
	struct ksm_client_stats stats;
	struct st_seen seen[ST_SEEN];

	if (!s)
		return;
	s->f->program_err[0] = -EIO;
	st_is(submit(s, 0, A, DUN), -EINPROGRESS);
	io_wait(s, 0);
	st_is(s->io[0]->err, -EIO);
	st_is(attach(s, 1, A, DUN), -EIO);
	st_is(st_disk_seen(s->f->disk, seen), 0);
	ksm_client_get_stats(s->client, &stats);
	st_is(stats.attached, 0);
	st_is(stats.failed, 1);
	setup_end(s);
}

/* ---- coming and going ---- */

static void test_ctx_open(void)
{
	struct ksm_client_config config = client_config;
	struct setup *s = setup(2, false);
	struct block_device *bdev;
	struct gendisk *plain;

	if (!s)
		return;
	bdev = st_disk_bdev(s->f->disk);
	st_true(ksm_client_ksm(s->client) == s->f->ksm);
	config.mode = ksm_mode_get(KSM_MODE_ADIANTUM);
	st_true(ksm_client_open(bdev, &config) == ERR_PTR(-EOPNOTSUPP));
	config.mode = ksm_mode_get(KSM_MODE_AES_256_XTS);
	config.data_unit_size = 1024;
	st_true(ksm_client_open(bdev, &config) == ERR_PTR(-EOPNOTSUPP));
	config.data_unit_size = UNIT;
	config.dun_bytes = 9;
	st_true(ksm_client_open(bdev, &config) == ERR_PTR(-EOPNOTSUPP));
	config.dun_bytes = 8;
	plain = st_disk_new();
	if (plain) {
		bdev = st_disk_bdev(plain);
		st_true(ksm_client_open(bdev, &config) == ERR_PTR(-ENODEV));
		st_true(!ksm_get(bdev));
		st_disk_free(plain);
	}
	setup_end(s);
}

static void test_register(void)
{
	struct fake *f = fake_new_disk(1), *g = fake_new(1);
	struct ksm *ksm;

	if (f && g) {
		st_is(ksm_register(g->ksm, f->disk), -EEXIST);
		st_is(ksm_register(f->ksm, f->disk), -EEXIST);
		ksm = ksm_get(st_disk_bdev(f->disk));
		if (st_true(ksm == f->ksm))
			ksm_put(ksm);
		ksm_unregister(f->ksm, f->disk);
		st_true(!ksm_get(st_disk_bdev(f->disk)));
		st_is(ksm_register(f->ksm, f->disk), 0);
	}
	fake_free(f);
	fake_free(g);
}

/* Another client takes the place of the setup's, which is returned. */
static struct ksm_client *change_client(struct setup *s)
{
	struct ksm_client *first = s->client;

	s->client = client_open(st_disk_bdev(s->f->disk));
	return first;
}

/* Whoever goes takes its keys out of the hardware, but not those of others. */
static void test_ctx_close(void)
{
	struct setup *s = setup(3, false);
	struct ksm_client *first;

	if (!s)
		return;
	st_is(attach(s, 0, A, DUN), 0);
	detach(s, 0);
	first = change_client(s);
	if (!s->client)
		goto out;
	st_is(attach(s, 0, B, DUN), 0);
	fake_log_is(s->f, "p0 p1 ");
	ksm_client_close(first);
	first = NULL;
	fake_log_is(s->f, "e0 ");
	fake_has_nowhere(s->f, A);
	fake_has(s->f, 1, B);
	st_is(detach(s, 0), BIO_SIZE);
	ksm_client_close(s->client);
	s->client = NULL;
	fake_log_is(s->f, "e1 ");
out:
	if (first)
		ksm_client_close(first);
	setup_end(s);
}

/*
 * A client's way is about to be closed: what it has programmed is evicted. What
 * another one is using goes when that one's way is closed.
 */
static void test_evict_idle(void)
{
	struct setup *s = setup(3, false);
	struct ksm_client *first;

	if (!s)
		return;
	st_is(attach(s, 0, A, DUN), 0);
	detach(s, 0);
	st_is(attach(s, 0, B, DUN), 0);
	detach(s, 0);
	first = change_client(s);
	if (!s->client)
		goto out;
	st_is(attach(s, 0, A, DUN), 0);
	st_is(attach(s, 1, C, DUN), 0);
	st_is(detach(s, 1), BIO_SIZE);
	fake_log_is(s->f, "p0 p1 p2 ");
	ksm_client_evict_idle(first);
	fake_log_is(s->f, "e1 ");
	fake_has(s->f, 0, A);
	st_is(detach(s, 0), BIO_SIZE);
	ksm_client_evict_idle(s->client);
	fake_log_is(s->f, "e0 e2 ");
	ksm_client_close(s->client);
	s->client = NULL;
out:
	ksm_client_close(first);
	setup_end(s);
}

/*
 * A key that was in use when its way was closed is left to whoever goes last. A
 * client that goes and leaves its keys to another one does not leave that one, too.
 */
static void test_evict_idle_inherit(void)
{
	struct setup *s = setup(2, false);
	struct fake *upper = fake_new(1);
	const struct ksm_client_config config = {
		.name = "selftest-upper",
		.upper = upper ? upper->ksm : NULL,
		.failed = client_config.failed,
	};
	struct ksm_client *first, *other[2];
	int i;

	if (!s || !upper)
		goto free;
	st_is(attach(s, 0, A, DUN), 0);
	fake_log_is(s->f, "p0 ");
	first = change_client(s);
	for (i = 0; i < 2; i++)
		other[i] = ksm_client_open(st_disk_bdev(s->f->disk), &config);
	ksm_client_evict_idle(first);
	fake_log_is(s->f, "");
	if (!st_true(!IS_ERR(other[0]) && !IS_ERR(other[1])))
		goto close;
	/* One of its own, which it does leave. */
	swap(s->client, other[0]);
	st_is(attach(s, 1, B, DUN), 0);
	st_is(detach(s, 1), BIO_SIZE);
	swap(s->client, other[0]);
	fake_log_is(s->f, "p1 ");
	ksm_client_close(other[0]);
	st_is(detach(s, 0), BIO_SIZE);
	fake_log_is(s->f, "");
	ksm_client_evict_idle(s->client);
	fake_log_is(s->f, "e0 ");
	ksm_client_close(other[1]);
	fake_log_is(s->f, "e1 ");
close:
	ksm_client_close(first);
free:
	if (s)
		setup_end(s);
	fake_free(upper);
}

static void unregister_main(void *arg)
{
	struct setup *s = arg;

	ksm_unregister(s->f->ksm, s->f->disk);
}

/* The disk's contexts are waited for, and there are no new ones. */
static void test_unregister(void)
{
	struct setup *s = setup(2, false);
	struct st_thread thread;

	if (!s)
		return;
	st_is(attach(s, 0, A, DUN), 0);
	st_is(attach(s, 1, B, DUN), 0);
	if (!st_start(&thread, unregister_main, s))
		goto out;
	st_true(st_asleep(&thread));
	st_is(attach(s, 2, A, DUN), -ENODEV);
	st_is(submit(s, 2, A, DUN), -ENODEV);
	/* The engine goes on working for what there is. */
	is_part(s, SECTOR, BIO_SIZE, DUN);
	detach(s, 1);
	st_true(st_asleep(&thread));
	detach(s, 0);
	/* Which should not be there. */
	if (s->io[2]->attached)
		detach(s, 2);
	st_true(st_ended(&thread));
	st_join(&thread);
	st_is(ksm_register(s->f->ksm, s->f->disk), 0);
	/* The client was for the disk as it was before. */
	st_is(attach(s, 0, A, DUN), -ENODEV);
out:
	setup_end(s);
}

/* The second and the third bio, of data units 1 and 2, end well and in this order. */
static void two_end(struct setup *s)
{
	struct st_seen seen[ST_SEEN];
	int i;

	for (i = 1; i <= 2; i++) {
		io_wait(s, i);
		st_is(s->io[i]->err, 0);
		st_is(s->io[i]->left, 0);
		st_is(s->io[i]->order, i);
	}
	st_is(st_disk_seen(s->f->disk, seen), 2);
	st_is(seen[0].crypt.dun, 1);
	st_is(seen[1].crypt.dun, 2);
}

/* For a while there are no contexts; then all goes on in its order. */
static void test_freeze(void)
{
	struct setup *s = setup(0, false);
	struct st_seen seen[ST_SEEN];
	struct st_thread thread;

	if (!s)
		return;
	st_is(attach(s, 0, A, DUN), 0);
	if (!st_start(&thread, freeze_main, s))
		goto out;
	st_true(st_asleep(&thread));
	st_is(attach(s, 1, A, DUN), -EAGAIN);
	st_is(submit(s, 1, A, 1), -EINPROGRESS);
	detach(s, 0);
	st_true(st_ended(&thread));
	st_join(&thread);
	st_is(submit(s, 2, B, 2), -EINPROGRESS);
	st_tick();
	st_is(st_disk_seen(s->f->disk, seen), 0);
	ksm_thaw(s->f->ksm, s->f->disk);
	two_end(s);
	/* And it is as before. */
	ksm_thaw(s->f->ksm, s->f->disk);
	st_is(submit_after(s, 0, A, DUN), 0);
	if (s->io[0]->attached)
		st_is(detach(s, 0), BIO_SIZE);
out:
	setup_end(s);
}

/* Frozen again while the first of those that waited is on its way. */
static void test_freeze_again(void)
{
	struct setup *s = setup(0, false);
	struct st_seen seen[ST_SEEN];
	struct st_thread thread;
	int i;

	if (!s)
		return;
	ksm_freeze(s->f->ksm, s->f->disk);
	for (i = 0; i < 3; i++)
		st_is(submit(s, i, A, i), -EINPROGRESS);
	st_disk_hold(s->f->disk, true);
	ksm_thaw(s->f->ksm, s->f->disk);
	st_true(st_disk_holds(s->f->disk));
	if (st_start(&thread, freeze_main, s)) {
		st_true(st_asleep(&thread));
		st_disk_hold(s->f->disk, false);
		st_true(st_ended(&thread));
		st_join(&thread);
	}
	st_disk_hold(s->f->disk, false);
	st_tick();
	/* The others wait once more, and keep their order. */
	st_is(st_disk_seen(s->f->disk, seen), 1);
	st_is(seen[0].crypt.dun, 0);
	ksm_thaw(s->f->ksm, s->f->disk);
	for (i = 0; i < 3; i++) {
		io_wait(s, i);
		st_is(s->io[i]->err, 0);
		st_is(s->io[i]->left, 0);
		st_is(s->io[i]->order, i + 1);
	}
	st_is(st_disk_seen(s->f->disk, seen), 2);
	st_is(seen[0].crypt.dun, 1);
	st_is(seen[1].crypt.dun, 2);
	setup_end(s);
}

/* The disk goes instead of being thawed. */
static void test_freeze_unregister(void)
{
	struct setup *s = setup(0, false);

	if (!s)
		return;
	ksm_freeze(s->f->ksm, s->f->disk);
	st_is(submit(s, 0, A, DUN), -EINPROGRESS);
	fake_drop_disk(s->f);
	io_wait(s, 0);
	st_is(s->io[0]->err, -ENODEV);
	st_is(submit_after(s, 0, A, DUN), -ENODEV);
	setup_end(s);
}

/* The whole provider goes, in its order, while the client stays. */
static void test_ctx_dead(void)
{
	struct setup *s = setup(1, false);
	struct ksm *ksm;
	int slot;

	if (!s)
		return;
	ksm = s->f->ksm;
	slot = ksm_slot_get(ksm, &s->f->key[A]);
	st_is(slot, 0);
	st_is(submit(s, 0, B, DUN), -EINPROGRESS);
	fake_drop_disk(s->f);
	fake_destroy(s->f);
	/* What was still waiting for a slot is told. */
	io_wait(s, 0);
	st_is(s->io[0]->err, -ENODEV);
	st_is(attach(s, 1, A, DUN), -ENODEV);
	st_is(submit_after(s, 1, A, DUN), -ENODEV);
	st_is(ksm_client_evict(s->client, &s->f->key[A]), 0);
	if (slot == 0)
		ksm_slot_put(ksm, slot);
	setup_end(s);
}

/* ---- capabilities and keys ---- */

static void test_caps(void)
{
	const struct ksm_mode *xts = ksm_mode_get(KSM_MODE_AES_256_XTS);
	const struct ksm_mode *sm4 = ksm_mode_get(KSM_MODE_SM4_XTS);
	struct ksm_caps all = {}, few = {}, none = {}, c;

	all.data_unit_sizes[KSM_MODE_AES_256_XTS] = 512 | 1024 | 4096;
	all.data_unit_sizes[KSM_MODE_SM4_XTS] = 4096;
	all.max_dun_bytes = 8;
	few.data_unit_sizes[KSM_MODE_AES_256_XTS] = 512 | 2048;
	few.max_dun_bytes = 4;

	st_true(ksm_caps_support(&all, xts, 1024, 8));
	st_true(!ksm_caps_support(&all, xts, 2048, 8));
	st_true(!ksm_caps_support(&all, xts, 1024, 9));
	st_true(!ksm_caps_support(&few, sm4, 4096, 1));
	st_true(!ksm_caps_support(&none, xts, 512, 1));

	st_true(ksm_caps_superset(&all, &all));
	st_true(ksm_caps_superset(&all, &none));
	st_true(ksm_caps_superset(&none, &none));
	st_true(!ksm_caps_superset(&all, &few));
	st_true(!ksm_caps_superset(&few, &all));
	c = all;
	c.max_dun_bytes = 9;
	st_true(!ksm_caps_superset(&all, &c));
	st_true(ksm_caps_superset(&c, &all));

	c = all;
	ksm_caps_intersect(&c, &few);
	st_is(c.data_unit_sizes[KSM_MODE_AES_256_XTS], 512);
	st_is(c.data_unit_sizes[KSM_MODE_SM4_XTS], 0);
	st_is(c.max_dun_bytes, 4);
	st_true(ksm_caps_superset(&all, &c) && ksm_caps_superset(&few, &c));

	c = few;
	ksm_caps_add(&c, &all);
	st_is(c.data_unit_sizes[KSM_MODE_AES_256_XTS],
	      512 | 1024 | 2048 | 4096);
	st_is(c.data_unit_sizes[KSM_MODE_SM4_XTS], 4096);
	st_is(c.max_dun_bytes, 8);
	st_true(ksm_caps_superset(&c, &all) && ksm_caps_superset(&c, &few));
}

static void test_key_ids(void)
{
	struct fake *f = fake_new(1);
	struct ksm_key key;
	u64 last = 0;
	int i;

	if (!f)
		return;
	/* No two alike, not even of the same memory. */
	for (i = 0; i < ST_KEYS; i++) {
		st_true(f->key[i].id > last);
		last = f->key[i].id;
	}
	for (i = 0; i < 3; i++) {
		st_is(ksm_key_init(&key, f->key[A].mode, f->key[A].raw, 64,
				   UNIT, 8),
		      0);
		st_true(key.id > last);
		last = key.id;
		ksm_key_destroy(&key);
		st_is(key.id, 0);
	}
	fake_free(f);
}

const struct st_test st_submit_tests[] = {
	{ "ctx-submit", test_ctx_submit },
	{ "ctx-submit-partition", test_ctx_submit_partition },
	{ "ctx-lost", test_ctx_lost },
	{ "ctx-defer", test_ctx_defer },
	{ "ctx-defer-inside", test_ctx_defer_inside },
	{ "ctx-defer-fails", test_ctx_defer_fails },
	{ "ctx-open", test_ctx_open },
	{ "register", test_register },
	{ "ctx-close", test_ctx_close },
	{ "evict-idle", test_evict_idle },
	{ "evict-idle-inherit", test_evict_idle_inherit },
	{ "unregister", test_unregister },
	{ "freeze", test_freeze },
	{ "freeze-again", test_freeze_again },
	{ "freeze-unregister", test_freeze_unregister },
	{ "ctx-dead", test_ctx_dead },
	{ "caps", test_caps },
	{ "key-ids", test_key_ids },
	{}
};
