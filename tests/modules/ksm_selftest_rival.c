// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of bio contexts: bios that share a vector, as the legs of a mirror do, and
 * all I/O to a buffer that is registered with io_uring.
 */
#include <linux/bio.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "ksm_selftest_setup.h"

/* Gives the second bio the vector of the first. */
static void share_vec(struct setup *s, sector_t sector)
{
	s->io[1]->bio.bi_io_vec = s->io[0]->vec;
	s->io[1]->bio.bi_iter.bi_sector = sector;
}

/* Two bios have the same vector, as the legs of a mirror do. */
static void test_ctx_mirror(void)
{
	struct setup *s = setup(2, false);
	struct ksm_crypt crypt;

	if (!s)
		return;
	share_vec(s, SECTOR + 10000);
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	if (st_is(attach(s, 1, B, 5), 0)) {
		is_part(s, SECTOR, BIO_SIZE, DUN);
		st_is(ask(s, s->f->disk, SECTOR + 10000, BIO_SIZE, &crypt), 0);
		st_true(crypt.key == &s->f->key[B]);
		st_true(crypt.ctx == &s->io[1]->ctx);
		st_is(crypt.dun, 5);
		detach(s, 1);
	}
	detach(s, 0);
out:
	setup_end(s);
}

static void is_rival(struct setup *s, int key, u64 dun, sector_t sector)
{
	share_vec(s, sector);
	st_is(attach(s, 1, key, dun), -EBUSY);
	is_part(s, SECTOR + SECTORS, UNIT, DUN + 1);
}

/* Not with sectors of the first, whatever it is. */
static void test_ctx_rival(void)
{
	const sector_t sectors = UNITS * SECTORS;
	struct setup *s = setup(2, false);
	struct ksm_client_stats stats;
	struct ksm_client *other;
	struct io *io;

	if (!s)
		return;
	io = s->io[1];
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	is_rival(s, A, DUN, SECTOR);
	is_rival(s, B, DUN, SECTOR);
	is_rival(s, A, DUN + UNITS - 1, SECTOR + sectors - SECTORS);
	is_rival(s, A, DUN - UNITS + 1, SECTOR - sectors + SECTORS);
	share_vec(s, SECTOR);
	other = client_open(io->bio.bi_bdev);
	if (other) {
		st_is(ksm_attach_ctx_wait(other, &io->ctx, &io->bio,
					  &s->f->key[A], DUN),
		      -EEXIST);
		/* It would be taken for the first. */
		st_is(ksm_submit_plain(other, &io->ctx, &io->bio), -EEXIST);
		ksm_client_get_stats(other, &stats);
		st_is(stats.failed, 1);
		is_part(s, SECTOR + SECTORS, UNIT, DUN + 1);
		ksm_client_close(other);
	}
	share_vec(s, SECTOR + sectors);
	if (st_is(attach(s, 1, A, DUN + UNITS), 0)) {
		is_part(s, SECTOR + SECTORS, UNIT, DUN + 1);
		is_bad(s, SECTOR + sectors - SECTORS, 2 * UNIT);
		detach(s, 1);
	}
	share_vec(s, SECTOR - sectors);
	if (st_is(attach(s, 1, B, 0), 0))
		detach(s, 1);
	detach(s, 0);
	share_vec(s, SECTOR);
	if (st_is(attach(s, 1, A, DUN), 0))
		detach(s, 1);
out:
	setup_end(s);
}

/* Gives all bios the vector of the first. */
static void share_all(struct setup *s)
{
	int i;

	for (i = 1; i < ARRAY_SIZE(s->io); i++)
		s->io[i]->bio.bi_io_vec = s->io[0]->vec;
}

/* A bio, of data unit @dun, has come to a good end, the @order-th to do so. */
static void ends_well(struct setup *s, int nr, int order)
{
	io_wait(s, nr);
	st_is(s->io[nr]->err, 0);
	st_is(s->io[nr]->left, 0);
	st_is(s->io[nr]->order, order);
}

/* Bios whose data unit numbers are those have reached the disk. */
static void seen_are(struct setup *s, const char *duns)
{
	struct st_seen seen[ST_SEEN];
	unsigned int i, n = st_disk_seen(s->f->disk, seen);

	if (!st_is(n, strlen(duns)))
		return;
	for (i = 0; i < n; i++)
		st_is(seen[i].crypt.dun, duns[i] - '0');
}

/* How many times bios had to wait. */
static u64 deferred(struct setup *s)
{
	struct ksm_client_stats stats;

	ksm_client_get_stats(s->client, &stats);
	return stats.deferred;
}

/* Wait until they have had to this often. */
static void deferred_becomes(struct setup *s, u64 count)
{
	unsigned long end = jiffies + ST_TIMEOUT;

	while (deferred(s) < count && time_before(jiffies, end))
		st_tick();
	st_is(deferred(s), count);
}

/* The keys are in use by nobody. */
static void evict_all(struct setup *s)
{
	int key;

	for (key = A; key <= C; key++)
		st_is(ksm_client_evict(s->client, &s->f->key[key]), 0);
}

/* All share a vector: the first is under way, the others wait for it. */
static bool all_wait(struct setup *s)
{
	int i;

	share_all(s);
	if (!st_is(attach(s, 0, A, 0), 0))
		return false;
	for (i = 1; i < ARRAY_SIZE(s->io); i++)
		st_is(submit(s, i, A, i), -EINPROGRESS);
	return true;
}

/* A bio whose vector and sectors are those of one that is under way. */
static void try_rival(unsigned int num_slots, int key)
{
	struct setup *s = setup(num_slots, false);

	if (!s)
		return;
	s->io[1]->bio.bi_io_vec = s->io[0]->vec;
	/* It need not wait for a slot. */
	if (!st_is(attach(s, 1, key, 0), 0))
		goto out;
	detach(s, 1);
	if (!st_is(attach(s, 0, A, 0), 0))
		goto out;
	st_is(submit(s, 1, key, 1), -EINPROGRESS);
	/* Others go on. */
	if (st_is(submit(s, 2, A, 2), 0))
		detach(s, 2);
	st_tick();
	seen_are(s, "");
	st_is(detach(s, 0), BIO_SIZE);
	ends_well(s, 1, 1);
	seen_are(s, "1");
	st_is(submit_after(s, 0, A, DUN), 0);
	if (s->io[0]->attached)
		st_is(detach(s, 0), BIO_SIZE);
	evict_all(s);
out:
	setup_end(s);
}

static void test_rival(void)
{
	try_rival(0, A);
	try_rival(1, A);
	try_rival(2, B);
}

/* Many: each waits for the one before. */
static void test_rivals(void)
{
	struct setup *s = setup(2, false);
	int i;

	if (!s)
		return;
	if (!all_wait(s))
		goto out;
	st_is(deferred(s), ARRAY_SIZE(s->io) - 1);
	st_disk_hold(s->f->disk, true);
	st_is(detach(s, 0), BIO_SIZE);
	st_true(st_disk_holds(s->f->disk));
	st_tick();
	seen_are(s, "1");
	st_disk_hold(s->f->disk, false);
	for (i = 1; i < ARRAY_SIZE(s->io); i++)
		ends_well(s, i, i);
	seen_are(s, "234");
	/* Nobody had to wait twice. */
	st_is(deferred(s), ARRAY_SIZE(s->io) - 1);
	evict_all(s);
out:
	setup_end(s);
}

static int submit_plain(struct setup *s, int nr)
{
	struct io *io = s->io[nr];
	int err = ksm_submit_plain(s->client, &io->ctx, &io->bio);

	io->attached = !err;
	io->deferred = err == -EINPROGRESS;
	return err;
}

/*
 * Who waited, and others for it, comes upon another bio: they all wait for that
 * one, and so does one that comes later.
 */
static void test_rivals_again(void)
{
	struct setup *s = setup(0, false);
	struct st_thread thread;

	if (!s)
		return;
	share_all(s);
	if (!st_is(attach(s, 0, A, 0), 0))
		goto out;
	st_is(submit(s, 1, A, 1), -EINPROGRESS);
	st_is(submit(s, 2, A, 2), -EINPROGRESS);
	if (!st_start(&thread, freeze_main, s))
		goto out;
	st_true(st_asleep(&thread));
	st_is(detach(s, 0), BIO_SIZE);
	st_true(st_ended(&thread));
	st_join(&thread);
	st_is(submit_plain(s, 3), 0);
	ksm_thaw(s->f->ksm, s->f->disk);
	deferred_becomes(s, 3);
	st_is(submit(s, 4, B, 4), -EINPROGRESS);
	st_tick();
	seen_are(s, "");
	st_is(detach(s, 3), 0);
	io_wait(s, 4);
	st_is(s->io[4]->err, 0);
	io_wait(s, 1);
	io_wait(s, 2);
	st_is(s->io[1]->err, 0);
	st_is(s->io[2]->err, 0);
	st_true(s->io[1]->order < s->io[2]->order);
	evict_all(s);
out:
	setup_end(s);
}

/* Who has waited for a slot comes upon another bio, and does not keep the slot. */
static void test_rival_after_slot(void)
{
	struct setup *s = setup(1, false);

	if (!s)
		return;
	share_all(s);
	if (!st_is(ksm_slot_get(s->f->ksm, &s->f->key[A]), 0))
		goto out;
	st_is(submit(s, 1, B, 1), -EINPROGRESS);
	st_is(submit_plain(s, 2), 0);
	ksm_slot_put(s->f->ksm, 0);
	deferred_becomes(s, 2);
	if (st_is(ksm_slot_get(s->f->ksm, &s->f->key[A]), 0))
		ksm_slot_put(s->f->ksm, 0);
	seen_are(s, "");
	st_is(detach(s, 2), 0);
	ends_well(s, 1, 1);
	seen_are(s, "1");
	evict_all(s);
out:
	setup_end(s);
}

/* A bio without a key, whose vector and sectors are those of one that has one. */
static void try_plain(unsigned int num_slots)
{
	struct setup *s = setup(num_slots, false);
	struct st_seen seen[ST_SEEN];
	struct ksm_crypt crypt;

	if (!s)
		return;
	s->io[1]->bio.bi_io_vec = s->io[0]->vec;
	if (!st_is(attach(s, 0, A, DUN), 0))
		goto out;
	st_is(submit_plain(s, 1), -EINPROGRESS);
	st_tick();
	st_true(!completion_done(&s->io[1]->done));
	st_is(ask(s, s->f->disk, SECTOR, UNIT, &crypt), 0);
	st_true(crypt.key == &s->f->key[A]);
	st_is(detach(s, 0), BIO_SIZE);
	ends_well(s, 1, 1);
	seen_are(s, "");

	st_is(submit_plain(s, 2), 0);
	s->io[0]->bio.bi_io_vec = s->io[2]->vec;
	st_is(ask(s, s->f->disk, SECTOR, UNIT, &crypt), 0);
	st_true(!crypt.key && !crypt.ctx);
	st_is(submit(s, 0, A, DUN), -EINPROGRESS);
	st_tick();
	st_true(!completion_done(&s->io[0]->done));
	/* Who waits for contexts does not wait for this. */
	if (!num_slots)
		ksm_freeze(s->f->ksm, s->f->disk);
	st_is(detach(s, 2), 0);
	if (!num_slots)
		ksm_thaw(s->f->ksm, s->f->disk);
	io_wait(s, 0);
	st_is(s->io[0]->left, 0);
	st_is(st_disk_seen(s->f->disk, seen), 1);
	st_is(seen[0].crypt.dun, DUN);
	/* Such ones may be beside each other. */
	st_is(submit_plain(s, 1), 0);
	s->io[2]->bio.bi_io_vec = s->io[0]->vec;
	st_is(submit_plain(s, 2), 0);
	st_is(detach(s, 1), 0);
	st_is(detach(s, 2), 0);
out:
	setup_end(s);
}

static void test_plain(void)
{
	try_plain(0);
	try_plain(2);
}

/* When it has waited, another client's bio has what it would be taken for. */
static void test_plain_refused(void)
{
	struct setup *s = setup(2, false);
	struct ksm_client *other;
	struct io *io;

	if (!s)
		return;
	share_all(s);
	io = s->io[2];
	s->io[1]->bio.bi_iter.bi_sector += UNITS / 2 * SECTORS;
	io->bio.bi_iter.bi_sector += UNITS * SECTORS;
	other = client_open(io->bio.bi_bdev);
	if (!other || !st_is(attach(s, 0, A, DUN), 0))
		goto out;
	st_is(submit_plain(s, 1), -EINPROGRESS);
	st_is(ksm_attach_ctx_wait(other, &io->ctx, &io->bio, &s->f->key[A], 0),
	      0);
	io->attached = true;
	st_is(detach(s, 0), BIO_SIZE);
	io_wait(s, 1);
	st_is(s->io[1]->err, -EEXIST);
	st_is(detach(s, 2), BIO_SIZE);
out:
	if (other)
		ksm_client_close(other);
	setup_end(s);
}

static void drop_main(void *arg)
{
	fake_drop_disk(arg);
}

/* The disk goes while others wait for one. */
static void test_rival_unregister(void)
{
	struct setup *s = setup(2, false);
	struct st_thread thread;
	int i;

	if (!s)
		return;
	if (!all_wait(s))
		goto out;
	if (st_start(&thread, drop_main, s->f)) {
		st_true(st_asleep(&thread));
		detach(s, 0);
		for (i = 1; i < ARRAY_SIZE(s->io); i++) {
			io_wait(s, i);
			st_is(s->io[i]->err, -ENODEV);
			st_is(s->io[i]->order, i);
		}
		st_true(st_ended(&thread));
		st_join(&thread);
	}
out:
	setup_end(s);
}

const struct st_test st_rival_tests[] = {
	{ "ctx-mirror", test_ctx_mirror },
	{ "ctx-rival", test_ctx_rival },
	{ "rival", test_rival },
	{ "rivals", test_rivals },
	{ "rivals-again", test_rivals_again },
	{ "rival-after-slot", test_rival_after_slot },
	{ "rival-unregister", test_rival_unregister },
	{ "plain", test_plain },
	{ "plain-refused", test_plain_refused },
	{}
};
