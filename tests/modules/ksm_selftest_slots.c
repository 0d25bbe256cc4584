// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of keyslots: who gets which slot, when, and what becomes of errors.
 */
#include <linux/bio.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "ksm_selftest.h"

/* Names for the first keys. */
enum { A, B, C, D, E };

static int get(struct fake *f, int key)
{
	return ksm_slot_get(f->ksm, &f->key[key]);
}

static int try_get(struct fake *f, int key)
{
	return ksm_slot_try_get(f->ksm, &f->key[key]);
}

static int evict(struct fake *f, int key)
{
	return ksm_evict_key(f->ksm, &f->key[key]);
}

/* Gets the slot of a key and gives it back. */
static int use(struct fake *f, int key)
{
	int slot = get(f, key);

	fake_put(f, slot);
	st_tick();
	return slot;
}

/* ---- sharing, and which slot ---- */

static void test_share(void)
{
	struct fake *f = fake_new(4);
	int slot;

	if (!f)
		return;
	st_is(ksm_num_slots(f->ksm), 4);
	st_is(try_get(f, A), -EAGAIN);
	slot = get(f, A);
	fake_has(f, slot, A);
	st_is(try_get(f, A), slot);
	st_is(get(f, A), slot);
	fake_put(f, slot);
	fake_put(f, slot);
	fake_put(f, slot);
	/* It stays when nobody uses it. */
	st_is(try_get(f, A), slot);
	fake_put(f, slot);
	st_is(try_get(f, B), -EAGAIN);
	st_is(atomic_read(&f->programs), 1);
	fake_free(f);
}

/* Two keys with the same bytes are two keys. */
static void test_same_bytes(void)
{
	struct fake *f = fake_new(4);
	struct ksm_key twin;
	int a, b;

	if (!f)
		return;
	st_is(ksm_key_init(&twin, f->key[A].mode, f->key[A].raw, f->key[A].size,
			   4096, 8),
	      0);
	a = get(f, A);
	b = ksm_slot_get(f->ksm, &twin);
	st_true(a >= 0 && b >= 0 && a != b);
	fake_put(f, a);
	fake_put(f, b);
	fake_free(f);
	ksm_key_destroy(&twin);
}

static void test_lru(void)
{
	struct fake *f = fake_new(3);
	int a, b, c;

	if (!f)
		return;
	a = use(f, A);
	b = use(f, B);
	c = use(f, C);
	st_true(a != b && b != c && c != a);
	/* A, without being programmed again, is younger than B and C now. */
	st_is(try_get(f, A), a);
	fake_put(f, a);
	st_tick();
	st_is(use(f, D), b);
	st_is(use(f, E), c);
	st_is(try_get(f, A), a);
	st_is(try_get(f, B), -EAGAIN);
	st_is(try_get(f, C), -EAGAIN);
	/* A is in use: D's is the oldest idle one. */
	st_is(use(f, B), b);
	st_is(use(f, C), c);
	fake_put(f, a);
	st_is(atomic_read(&f->programs), 7);
	st_is(atomic_read(&f->evicts), 0);
	fake_free(f);
}

/* While there are empty slots, no key is given up. */
static void test_empty_first(void)
{
	struct fake *f = fake_new(8);
	int i, slot;

	if (!f)
		return;
	for (i = 0; i < 8; i++)
		use(f, i);
	st_is(atomic_read(&f->programs), 8);
	/* One that was emptied meanwhile comes before the oldest, too. */
	st_is(evict(f, 5), 0);
	use(f, 8);
	for (i = 0; i < 9; i++) {
		slot = try_get(f, i);
		if (i == 5)
			st_is(slot, -EAGAIN);
		else
			fake_has(f, slot, i);
		fake_put(f, slot);
	}
	fake_free(f);
}

static void test_one_slot(void)
{
	struct fake *f = fake_new(1);
	int i, slot;

	if (!f)
		return;
	for (i = 0; i < 10; i++) {
		slot = get(f, i % 2);
		st_is(slot, 0);
		fake_has(f, slot, i % 2);
		st_is(try_get(f, 1 - i % 2), -EAGAIN);
		st_is(try_get(f, i % 2), 0);
		fake_put(f, 0);
		fake_put(f, slot);
	}
	st_is(atomic_read(&f->programs), 10);
	fake_free(f);
}

static void test_many_keys(void)
{
	struct fake *f = fake_new(4);
	int i, slot;

	if (!f)
		return;
	for (i = 0; i < 200 && !st_failed(); i++) {
		slot = get(f, i % 50);
		fake_has(f, slot, i % 50);
		fake_put(f, slot);
	}
	st_is(atomic_read(&f->programs), 200);
	fake_free(f);
}

static void test_256_slots(void)
{
	struct fake *f = fake_new(KSM_MAX_SLOTS);
	DECLARE_BITMAP(seen, KSM_MAX_SLOTS);
	int i, slot;

	if (!f)
		return;
	bitmap_zero(seen, KSM_MAX_SLOTS);
	for (i = 0; i < KSM_MAX_SLOTS; i++) {
		slot = get(f, i);
		if (fake_has(f, slot, i) && test_and_set_bit(slot, seen))
			st_fail("slot %d was given to two keys", slot);
	}
	for (i = 0; i < KSM_MAX_SLOTS; i++) {
		slot = try_get(f, i);
		fake_has(f, slot, i);
		fake_put(f, slot);
		fake_put(f, slot);
	}
	st_is(atomic_read(&f->programs), KSM_MAX_SLOTS);
	/* One key more, and just one of the others has to go. */
	slot = get(f, KSM_MAX_SLOTS);
	fake_has(f, slot, KSM_MAX_SLOTS);
	fake_put(f, slot);
	for (i = 0; i < KSM_MAX_SLOTS; i++) {
		slot = try_get(f, i);
		if (slot < 0)
			bitmap_clear(seen, i, 1);
		fake_put(f, slot);
	}
	st_is(bitmap_weight(seen, KSM_MAX_SLOTS), KSM_MAX_SLOTS - 1);
	fake_free(f);
}

/* ---- putting ---- */

struct irq_put {
	struct irq_work work;
	struct fake *f;
	int slot;
	bool hard;
};

static void irq_put(struct irq_work *work)
{
	struct irq_put *p = container_of(work, struct irq_put, work);

	p->hard = in_hardirq();
	p->slot = ksm_slot_try_get(p->f->ksm, &p->f->key[A]);
	if (p->slot >= 0) {
		ksm_slot_dup(p->f->ksm, p->slot);
		ksm_slot_put(p->f->ksm, p->slot);
		ksm_slot_put(p->f->ksm, p->slot);
	}
	ksm_slot_put(p->f->ksm, 0);
}

/*
 * Got, dup'ed and put in a hard irq: one that PREEMPT_RT would make a thread of,
 * as it does with those in which requests complete.
 */
static void test_put_hardirq(void)
{
	struct irq_put p = { .work = IRQ_WORK_INIT(irq_put) };

	p.f = fake_new(1);
	if (!p.f)
		return;
	if (st_is(get(p.f, A), 0)) {
		irq_work_queue(&p.work);
		irq_work_sync(&p.work);
		st_true(p.hard);
		st_is(p.slot, 0);
		/* Idle now, or this would hang. */
		st_is(use(p.f, B), 0);
	}
	fake_free(p.f);
}

static void test_dup(void)
{
	struct fake *f = fake_new(1);

	if (!f)
		return;
	if (st_is(get(f, A), 0)) {
		ksm_slot_dup(f->ksm, 0);
		ksm_slot_put(f->ksm, 0);
		/* Still in use: this does not touch it. */
		st_is(try_get(f, A), 0);
		ksm_slot_put(f->ksm, 0);
		ksm_slot_put(f->ksm, 0);
		st_is(evict(f, A), 0);
	}
	fake_free(f);
}

/* ---- programming fails ---- */

/* A slot that fails is left alone, until the hardware has been reset. */
static void test_program_fails_once(void)
{
	struct fake *f = fake_new(2);

	if (!f)
		return;
	f->program_err[0] = -EIO;
	st_is(use(f, A), 1);
	fake_has(f, 1, A);
	fake_log_is(f, "p0 p1 ");
	f->program_err[0] = 0;
	st_is(use(f, B), 1);
	fake_log_is(f, "p1 ");
	st_is(fake_reset(f), 0);
	fake_log_is(f, "p1 ");
	st_is(use(f, C), 0);
	fake_has(f, 0, C);
	fake_has(f, try_get(f, B), B);
	fake_put(f, 1);
	fake_free(f);
}

/* If all fail, all are tried for everybody. */
static void test_program_fails_all(void)
{
	struct fake *f = fake_new(3);
	int i, slot[3];

	if (!f)
		return;
	for (i = 0; i < 3; i++)
		f->program_err[i] = -EIO;
	for (i = 0; i < 5; i++)
		st_is(get(f, A), -EIO);
	st_is(atomic_read(&f->programs), 15);
	st_is(try_get(f, A), -EAGAIN);
	for (i = 0; i < 3; i++)
		f->program_err[i] = 0;
	st_true(use(f, A) >= 0);
	st_is(fake_reset(f), 0);
	/* All are there again, for different keys at a time. */
	for (i = 0; i < 3; i++) {
		slot[i] = get(f, i);
		fake_has(f, slot[i], i);
	}
	for (i = 0; i < 3; i++)
		fake_put(f, slot[i]);
	fake_free(f);
}

/* A slot whose programming failed has lost the old key, too. */
static void test_program_fails_over(void)
{
	struct fake *f = fake_new(1);

	if (!f)
		return;
	st_is(use(f, A), 0);
	f->program_err[0] = -EIO;
	st_is(get(f, B), -EIO);
	f->program_err[0] = 0;
	st_is(try_get(f, A), -EAGAIN);
	st_is(try_get(f, B), -EAGAIN);
	/* And nothing is evicted that is not there. */
	st_is(evict(f, A), 0);
	st_is(atomic_read(&f->evicts), 0);
	st_is(get(f, A), 0);
	fake_has(f, 0, A);
	fake_put(f, 0);
	fake_free(f);
}

/* ---- holding ---- */

static void test_hold(void)
{
	struct fake *f = fake_new(2);

	if (!f)
		return;
	st_is(use(f, A), 0);
	st_true(atomic_read(&f->holds) >= 1);
	st_is(atomic_read(&f->releases), atomic_read(&f->holds));
	/* On failures it is released, too. */
	f->program_err[0] = -EIO;
	f->program_err[1] = -EIO;
	st_is(get(f, B), -EIO);
	st_is(atomic_read(&f->releases), atomic_read(&f->holds));
	f->program_err[0] = 0;
	f->program_err[1] = 0;
	st_true(use(f, A) >= 0);
	f->evict_err = -EIO;
	st_is(evict(f, A), -EIO);
	st_is(atomic_read(&f->releases), atomic_read(&f->holds));
	fake_free(f);
}

static void test_hold_fails(void)
{
	struct fake *f = fake_new(1);

	if (!f)
		return;
	st_is(use(f, A), 0);
	fake_log_is(f, "p0 ");
	f->hold_err = -EHOSTDOWN;
	st_is(get(f, B), -EHOSTDOWN);
	/* What is programmed does not need it. */
	st_is(get(f, A), 0);
	fake_put(f, 0);
	fake_log_is(f, "");
	f->hold_err = 0;
	st_is(use(f, B), 0);
	fake_log_is(f, "p0 ");
	/* The owner is going to free the key, whatever the hardware says. */
	f->hold_err = -EHOSTDOWN;
	st_is(evict(f, B), -EHOSTDOWN);
	st_is(try_get(f, B), -EAGAIN);
	f->hold_err = 0;
	fake_log_is(f, "");
	st_is(use(f, A), 0);
	fake_free(f);
}

/* ---- evicting ---- */

static void test_evict(void)
{
	struct fake *f = fake_new(2);

	if (!f)
		return;
	st_is(evict(f, A), 0);
	fake_log_is(f, "");
	st_is(use(f, A), 0);
	st_is(use(f, B), 1);
	fake_log_is(f, "p0 p1 ");
	st_is(evict(f, B), 0);
	fake_log_is(f, "e1 ");
	st_is(evict(f, B), 0);
	fake_log_is(f, "");
	st_is(try_get(f, B), -EAGAIN);
	st_is(try_get(f, A), 0);
	fake_put(f, 0);
	/* Programmed anew when it is wanted. */
	st_is(use(f, B), 1);
	fake_log_is(f, "p1 ");
	fake_has(f, 1, B);
	fake_free(f);
}

static void test_evict_fails(void)
{
	struct fake *f = fake_new(1);

	if (!f)
		return;
	st_is(use(f, A), 0);
	f->evict_err = -EIO;
	st_is(evict(f, A), -EIO);
	st_is(try_get(f, A), -EAGAIN);
	st_is(evict(f, A), 0);
	fake_log_is(f, "p0 e0 ");
	f->evict_err = 0;
	st_is(use(f, A), 0);
	fake_log_is(f, "p0 ");
	st_is(use(f, B), 0);
	fake_free(f);
}

/* ---- programming all again ---- */

static void test_reprogram(void)
{
	struct fake *f = fake_new(4);
	int a, b, c;

	if (!f)
		return;
	st_is(fake_reset(f), 0);
	fake_log_is(f, "");
	a = get(f, A);
	b = use(f, B);
	c = use(f, C);
	st_is(evict(f, C), 0);
	fake_log_is(f, "p0 p1 p2 e2 ");
	st_is(fake_reset(f), 0);
	fake_log_is(f, "p0 p1 ");
	fake_has(f, a, A);
	fake_has(f, b, B);
	fake_has_nowhere(f, C);
	st_is(c, 2);
	st_is(try_get(f, B), b);
	fake_put(f, b);
	fake_put(f, a);
	st_is(atomic_read(&f->programs), 5);
	fake_free(f);
}

static void test_reprogram_fails(void)
{
	struct fake *f = fake_new(3);

	if (!f)
		return;
	st_is(get(f, A), 0);
	st_is(use(f, B), 1);
	st_is(use(f, C), 2);
	fake_log_is(f, "p0 p1 p2 ");
	f->program_err[0] = -EIO;
	f->program_err[1] = -ENXIO;
	st_is(fake_reset(f), -EIO);
	fake_log_is(f, "p0 p1 p2 ");
	fake_has(f, 2, C);
	st_is(try_get(f, A), -EAGAIN);
	st_is(try_get(f, B), -EAGAIN);
	f->program_err[0] = 0;
	f->program_err[1] = 0;
	/* Both are left alone; slot 0 is in use by who had A, too. */
	st_is(get(f, A), 2);
	fake_has(f, 2, A);
	fake_log_is(f, "p2 ");
	st_is(fake_reset(f), 0);
	fake_log_is(f, "p2 ");
	/* Slot 0 is nobody else's before it is put. */
	st_is(use(f, B), 1);
	fake_put(f, 0);
	st_is(use(f, D), 0);
	fake_has(f, 0, D);
	fake_log_is(f, "p1 p0 ");
	fake_put(f, 2);
	fake_free(f);
}

/* ---- the rest ---- */

/* Inside submit_bio() nobody waits, even if there is nothing to wait for. */
static void test_inside_submit_bio(void)
{
	struct bio_list list[2] = { BIO_EMPTY_LIST, BIO_EMPTY_LIST };
	struct fake *f = fake_new(2);
	int empty, idle, tried, missed;

	if (!f)
		return;
	current->bio_list = list;
	empty = get(f, A);
	current->bio_list = NULL;
	st_is(empty, -EDEADLK);
	st_is(use(f, A), 0);
	current->bio_list = list;
	idle = get(f, A);
	tried = try_get(f, A);
	missed = try_get(f, B);
	current->bio_list = NULL;
	st_is(idle, -EDEADLK);
	st_is(tried, 0);
	st_is(missed, -EAGAIN);
	fake_put(f, idle);
	fake_put(f, tried);
	st_is(atomic_read(&f->programs), 1);
	fake_free(f);
}

static void test_no_slots(void)
{
	struct fake *f = fake_new(0);

	if (!f)
		return;
	st_is(ksm_num_slots(f->ksm), 0);
	st_is(try_get(f, A), -EOPNOTSUPP);
	st_is(get(f, A), -EOPNOTSUPP);
	st_is(fake_reset(f), 0);
	fake_log_is(f, "");
	st_is(evict(f, A), 0);
	f->evict_err = -EIO;
	st_is(evict(f, A), -EIO);
	fake_log_is(f, "e- e- ");
	fake_free(f);
}

static void test_config(void)
{
	struct fake *f = fake_new(1);
	const struct ksm_ops *good;
	struct ksm_config config;
	struct ksm_ops ops;
	struct ksm *ksm;

	if (!f)
		return;
	st_true(!strcmp(ksm_name(f->ksm), f->name));
	st_true(ksm_name(f->ksm) != f->name);
	st_true(ksm_priv(f->ksm) == f);
	fake_config(f, &config);
	good = config.ops;
	ops = *good;

	config.name = "selftest-other";
	config.num_slots = KSM_MAX_SLOTS + 1;
	ksm = ksm_create(&config);
	st_true(IS_ERR(ksm));
	config.num_slots = 1;
	config.ops = &ops;
	ops.program = NULL;
	ksm = ksm_create(&config);
	st_true(IS_ERR(ksm));
	ops = *good;
	ops.evict = NULL;
	ksm = ksm_create(&config);
	st_true(IS_ERR(ksm));
	/* All but these two are optional, and without slots these are, too. */
	ops = (struct ksm_ops){};
	config.num_slots = 0;
	ksm = ksm_create(&config);
	if (st_is(PTR_ERR_OR_ZERO(ksm), 0)) {
		st_is(ksm_evict_key(ksm, &f->key[A]), 0);
		ksm_destroy(ksm);
	}
	fake_free(f);
}

const struct st_test st_slot_tests[] = {
	{ "share", test_share },
	{ "same-bytes", test_same_bytes },
	{ "lru", test_lru },
	{ "empty-first", test_empty_first },
	{ "one-slot", test_one_slot },
	{ "many-keys", test_many_keys },
	{ "256-slots", test_256_slots },
	{ "put-hardirq", test_put_hardirq },
	{ "dup", test_dup },
	{ "program-fails-once", test_program_fails_once },
	{ "program-fails-all", test_program_fails_all },
	{ "program-fails-over", test_program_fails_over },
	{ "hold", test_hold },
	{ "hold-fails", test_hold_fails },
	{ "evict", test_evict },
	{ "evict-fails", test_evict_fails },
	{ "reprogram", test_reprogram },
	{ "reprogram-fails", test_reprogram_fails },
	{ "inside-submit-bio", test_inside_submit_bio },
	{ "no-slots", test_no_slots },
	{ "config", test_config },
	{}
};
