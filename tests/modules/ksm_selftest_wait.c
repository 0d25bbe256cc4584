// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of keyslots: waiting for them, and the provider's end.
 */
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "ksm_selftest.h"

/* Names for the first keys. */
enum { A, B, C, D };

static int get(struct fake *f, int key)
{
	return ksm_slot_get(f->ksm, &f->key[key]);
}

static int try_get(struct fake *f, int key)
{
	return ksm_slot_try_get(f->ksm, &f->key[key]);
}

/* A thread that gets a slot; the test puts it. */
struct getter {
	struct st_thread thread;
	struct fake *f;
	int key;
	int slot;
};

static void getter_main(void *arg)
{
	struct getter *g = arg;

	g->slot = get(g->f, g->key);
}

static bool getter_start(struct getter *g, struct fake *f, int key)
{
	g->f = f;
	g->key = key;
	g->slot = -EINPROGRESS;
	return st_start(&g->thread, getter_main, g);
}

/* It is to wait for a slot. */
static bool getter_waits(struct getter *g, struct fake *f, int key)
{
	return getter_start(g, f, key) && st_true(st_asleep(&g->thread));
}

/* It is to get a slot, with its key in the hardware. */
static bool getter_gets(struct getter *g)
{
	return st_true(st_ended(&g->thread)) && fake_has(g->f, g->slot, g->key);
}

static void getter_end(struct getter *g)
{
	st_join(&g->thread);
	fake_put(g->f, g->slot);
	g->slot = -EINPROGRESS;
}

/* Whether nobody new gets the slot of a key, that is in use. */
static bool closed(struct fake *f, int key)
{
	int slot = try_get(f, key);

	fake_put(f, slot);
	return slot == -EAGAIN;
}

static void test_wait(void)
{
	struct getter g = {};
	struct fake *f = fake_new(1);

	if (!f)
		return;
	if (!st_is(get(f, A), 0))
		goto out;
	getter_waits(&g, f, B);
	st_is(atomic_read(&f->programs), 1);
	ksm_slot_put(f->ksm, 0);
	getter_gets(&g);
	st_is(atomic_read(&f->programs), 2);
	getter_end(&g);
out:
	fake_free(f);
}

static void put_slot_0(struct fake *f)
{
	ksm_slot_put(f->ksm, 0);
}

struct irq_put {
	struct irq_work work;
	struct fake *f;
};

static void irq_put(struct irq_work *work)
{
	put_slot_0(container_of(work, struct irq_put, work)->f);
}

/* The put that ends the waiting comes from a hard irq. */
static void test_wait_hardirq(void)
{
	struct irq_put p = { .work = IRQ_WORK_INIT(irq_put) };
	struct getter g = {};

	p.f = fake_new(1);
	if (!p.f)
		return;
	if (!st_is(get(p.f, A), 0))
		goto out;
	getter_waits(&g, p.f, B);
	irq_work_queue(&p.work);
	irq_work_sync(&p.work);
	getter_gets(&g);
	getter_end(&g);
out:
	fake_free(p.f);
}

/* Who waits closes the slot for others, but not for who has it. */
static void test_close(void)
{
	struct getter g = {};
	struct fake *f = fake_new(1);

	if (!f)
		return;
	if (!st_is(get(f, A), 0))
		goto out;
	st_true(!closed(f, A));
	getter_waits(&g, f, B);
	st_true(closed(f, A));
	ksm_slot_dup(f->ksm, 0);
	ksm_slot_put(f->ksm, 0);
	st_true(closed(f, A));
	st_true(st_asleep(&g.thread));
	ksm_slot_put(f->ksm, 0);
	getter_gets(&g);
	/* With nobody waiting it is open again, for its new key. */
	st_true(closed(f, A));
	st_true(!closed(f, B));
	getter_end(&g);
out:
	fake_free(f);
}

/* Of the slots in use, the one is closed that has had its key for longest. */
static void test_close_oldest(void)
{
	struct getter g[2] = {};
	struct fake *f = fake_new(3);
	int i;

	if (!f)
		return;
	for (i = A; i <= C; i++)
		st_is(get(f, i), i);
	/* Being used more recently does not help it. */
	st_is(try_get(f, A), 0);
	ksm_slot_put(f->ksm, 0);
	getter_waits(&g[0], f, 3);
	st_true(closed(f, A));
	st_true(!closed(f, B));
	st_true(!closed(f, C));
	getter_waits(&g[1], f, 4);
	st_true(closed(f, B));
	st_true(!closed(f, C));
	/* The first comes first, and takes whichever is free. */
	ksm_slot_put(f->ksm, 1);
	if (getter_gets(&g[0]))
		st_is(g[0].slot, 1);
	st_true(st_asleep(&g[1].thread));
	ksm_slot_put(f->ksm, 0);
	if (getter_gets(&g[1]))
		st_is(g[1].slot, 0);
	getter_end(&g[0]);
	getter_end(&g[1]);
	ksm_slot_put(f->ksm, 2);
	fake_free(f);
}

/* A slot that stays busy though it is closed is not all that is done for who waits. */
static void test_close_stuck(void)
{
	unsigned long end = jiffies + ST_TIMEOUT;
	struct getter g = {};
	struct fake *f = fake_new(2);

	if (!f)
		return;
	st_is(get(f, A), 0);
	st_is(get(f, B), 1);
	getter_waits(&g, f, C);
	st_true(closed(f, A));
	while (!closed(f, B) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	st_true(closed(f, B));
	ksm_slot_put(f->ksm, 1);
	if (getter_gets(&g))
		st_is(g.slot, 1);
	getter_end(&g);
	ksm_slot_put(f->ksm, 0);
	fake_free(f);
}

/* A slot is closed for somebody else, but it is their turn who want its key. */
static void test_reopen(void)
{
	struct getter g[2] = {};
	struct fake *f = fake_new(2);

	if (!f)
		return;
	st_is(get(f, A), 0);
	st_is(get(f, B), 1);
	getter_waits(&g[0], f, C);
	st_true(closed(f, A));
	getter_waits(&g[1], f, A);
	st_true(closed(f, B));
	ksm_slot_put(f->ksm, 1);
	if (getter_gets(&g[0]))
		st_is(g[0].slot, 1);
	/* Nobody has put slot 0. */
	if (getter_gets(&g[1]))
		st_is(g[1].slot, 0);
	st_is(atomic_read(&f->programs), 3);
	st_true(!closed(f, A));
	st_join(&g[0].thread);
	st_join(&g[1].thread);
	fake_put(f, g[0].slot);
	fake_put(f, g[1].slot);
	ksm_slot_put(f->ksm, 0);
	fake_free(f);
}

/* A closed slot that nobody waits for any more is as good as any other. */
static void test_close_in_vain(void)
{
	struct getter g = {};
	struct fake *f = fake_new(2);

	if (!f)
		return;
	st_is(get(f, A), 0);
	st_is(get(f, B), 1);
	getter_waits(&g, f, C);
	st_true(closed(f, A));
	ksm_slot_put(f->ksm, 1);
	if (getter_gets(&g))
		st_is(g.slot, 1);
	getter_end(&g);
	/* Shared while in use, and once more when it is idle. */
	st_is(get(f, A), 0);
	ksm_slot_put(f->ksm, 0);
	ksm_slot_put(f->ksm, 0);
	st_is(get(f, A), 0);
	ksm_slot_put(f->ksm, 0);
	st_is(atomic_read(&f->programs), 3);
	fake_free(f);
}

/* First come, first served. */
static void test_fifo(void)
{
	struct getter g[6] = {};
	struct fake *f = fake_new(1);
	int i, j;

	if (!f)
		return;
	st_is(get(f, A), 0);
	for (i = 0; i < ARRAY_SIZE(g); i++)
		getter_waits(&g[i], f, B + i);
	ksm_slot_put(f->ksm, 0);
	for (i = 0; i < ARRAY_SIZE(g); i++) {
		getter_gets(&g[i]);
		for (j = i + 1; j < ARRAY_SIZE(g); j++)
			st_true(!completion_done(&g[j].thread.done));
		/* A newcomer does not overtake those who wait. */
		st_is(try_get(f, A), -EAGAIN);
		getter_end(&g[i]);
	}
	st_is(atomic_read(&f->programs), 1 + ARRAY_SIZE(g));
	fake_free(f);
}

/* Many wait for the same key: the first has it programmed, all share it. */
static void test_wait_same_key(void)
{
	struct getter g[4] = {};
	struct fake *f = fake_new(1);
	int i;

	if (!f)
		return;
	st_is(get(f, A), 0);
	for (i = 0; i < ARRAY_SIZE(g); i++)
		getter_waits(&g[i], f, B);
	ksm_slot_put(f->ksm, 0);
	for (i = 0; i < ARRAY_SIZE(g); i++)
		getter_gets(&g[i]);
	for (i = 0; i < ARRAY_SIZE(g); i++)
		getter_end(&g[i]);
	st_is(atomic_read(&f->programs), 2);
	fake_free(f);
}

/* ---- nobody starves ---- */

#define STARVE_SLOTS   2
#define STARVE_HAMMERS 2
#define STARVE_OTHERS  4
#define STARVE_TURNS   10

struct starve {
	struct st_thread thread;
	struct fake *f;
	int key;
	bool *stop;
	unsigned int got;
	unsigned int waits;
	int err;
};

/* From before there is one reference to after there is another. */
static void hammer_main(void *arg)
{
	struct starve *s = arg;
	int slot, next;

	slot = get(s->f, s->key);
	while (slot >= 0 && !READ_ONCE(*s->stop)) {
		fake_has(s->f, slot, s->key);
		schedule_timeout_uninterruptible(1);
		next = try_get(s->f, s->key);
		ksm_slot_put(s->f->ksm, slot);
		if (next == -EAGAIN) {
			s->waits++;
			next = get(s->f, s->key);
		}
		slot = next;
		s->got++;
	}
	if (slot < 0)
		s->err = slot;
	else
		ksm_slot_put(s->f->ksm, slot);
}

static void other_main(void *arg)
{
	struct starve *s = arg;
	int slot;

	while (s->got < STARVE_TURNS) {
		slot = get(s->f, s->key);
		if (slot < 0) {
			s->err = slot;
			return;
		}
		fake_has(s->f, slot, s->key);
		schedule_timeout_uninterruptible(1);
		ksm_slot_put(s->f->ksm, slot);
		s->got++;
	}
}

/*
 * Two keys are in use without a gap, each by two threads that take turns, and
 * they have all the slots. Four others get theirs nevertheless, and the two
 * go on.
 */
static void test_starve(void)
{
	static struct starve s[2 * STARVE_HAMMERS + STARVE_OTHERS];
	struct fake *f = fake_new(STARVE_SLOTS);
	struct starve *other = s + 2 * STARVE_HAMMERS;
	bool stop = false;
	int i;

	if (!f)
		return;
	memset(s, 0, sizeof(s));
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].f = f;
		s[i].stop = &stop;
		s[i].key = i < 2 * STARVE_HAMMERS ? i / 2 : i;
	}
	for (i = 0; i < 2 * STARVE_HAMMERS; i++)
		st_start(&s[i].thread, hammer_main, &s[i]);
	schedule_timeout_uninterruptible(HZ / 10);
	for (i = 0; i < STARVE_OTHERS; i++)
		st_start(&other[i].thread, other_main, &other[i]);
	for (i = 0; i < STARVE_OTHERS; i++) {
		if (!st_ended(&other[i].thread))
			st_fail("key %d starves after %u turns", other[i].key,
				other[i].got);
	}
	WRITE_ONCE(stop, true);
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		st_join(&s[i].thread);
		st_is(s[i].err, 0);
	}
	for (i = 0; i < STARVE_OTHERS; i++)
		st_is(other[i].got, STARVE_TURNS);
	for (i = 0; i < 2 * STARVE_HAMMERS; i++)
		st_true(s[i].got > STARVE_TURNS);
	fake_free(f);
}

/* ---- while the hardware is being programmed ---- */

static void test_slow_program(void)
{
	struct getter g[3] = {};
	struct fake *f = fake_new(2);

	if (!f)
		return;
	st_is(get(f, A), 0);
	f->gate_slot = 1;
	WRITE_ONCE(f->gated, true);
	getter_start(&g[0], f, B);
	if (!st_true(wait_for_completion_timeout(&f->gate_entered, ST_TIMEOUT)))
		goto out;
	/* Others are not kept by it. */
	st_is(try_get(f, A), 0);
	ksm_slot_put(f->ksm, 0);
	/* Half a key is none. */
	st_is(try_get(f, B), -EAGAIN);
	getter_waits(&g[1], f, B);
	getter_waits(&g[2], f, B);
	WRITE_ONCE(f->gated, false);
	complete_all(&f->gate);
	getter_gets(&g[0]);
	getter_gets(&g[1]);
	getter_gets(&g[2]);
	st_is(atomic_read(&f->programs), 2);
out:
	complete_all(&f->gate);
	getter_end(&g[0]);
	if (g[1].f)
		getter_end(&g[1]);
	if (g[2].f)
		getter_end(&g[2]);
	fake_put(f, 0);
	fake_free(f);
}

/* The first in the queue gets an error; the next one gets the slot. */
static void test_wait_fails(void)
{
	struct getter g[2] = {};
	struct fake *f = fake_new(1);

	if (!f)
		return;
	st_is(get(f, A), 0);
	getter_waits(&g[0], f, B);
	getter_waits(&g[1], f, C);
	f->gate_slot = 0;
	WRITE_ONCE(f->gated, true);
	f->program_err[0] = -EIO;
	ksm_slot_put(f->ksm, 0);
	st_true(wait_for_completion_timeout(&f->gate_entered, ST_TIMEOUT));
	complete(&f->gate);
	/* That was for B. For C the slot works. */
	st_true(st_ended(&g[0].thread));
	st_is(g[0].slot, -EIO);
	if (wait_for_completion_timeout(&f->gate_entered, ST_TIMEOUT)) {
		f->program_err[0] = 0;
		complete(&f->gate);
	} else {
		st_fail("the next one does not try");
	}
	getter_gets(&g[1]);
	complete_all(&f->gate);
	getter_end(&g[0]);
	getter_end(&g[1]);
	fake_free(f);
}

/* The only slot that is idle does not work: another one is waited for. */
static void test_wait_for_good_slot(void)
{
	struct getter g = {};
	struct fake *f = fake_new(2);

	if (!f)
		return;
	f->program_err[0] = -EIO;
	st_is(get(f, A), 1);
	getter_waits(&g, f, B);
	st_true(closed(f, A));
	fake_put(f, 1);
	if (getter_gets(&g))
		st_is(g.slot, 1);
	fake_log_is(f, "p0 p1 p1 ");
	getter_end(&g);
	fake_free(f);
}

/* And after a reset it does, without anybody putting a slot. */
static void test_wait_for_mended_slot(void)
{
	struct getter g = {};
	struct fake *f = fake_new(2);

	if (!f)
		return;
	f->program_err[0] = -EIO;
	st_is(get(f, A), 1);
	getter_waits(&g, f, B);
	f->program_err[0] = 0;
	st_is(fake_reset(f), 0);
	if (getter_gets(&g))
		st_is(g.slot, 0);
	getter_end(&g);
	fake_put(f, 1);
	fake_free(f);
}

/* A slot that is emptied is for who waits. */
static void test_wait_for_reset(void)
{
	struct getter g = {};
	struct fake *f = fake_new(1);

	if (!f)
		return;
	st_is(get(f, A), 0);
	getter_waits(&g, f, B);
	/* In use, also after losing its key. */
	f->program_err[0] = -EIO;
	st_is(fake_reset(f), -EIO);
	f->program_err[0] = 0;
	st_true(st_asleep(&g.thread));
	st_is(g.slot, -EINPROGRESS);
	ksm_slot_put(f->ksm, 0);
	getter_gets(&g);
	getter_end(&g);
	fake_free(f);
}

/* ---- the provider goes ---- */

static void test_destroy(void)
{
	struct fake *f = fake_new(3);

	if (!f)
		return;
	st_is(get(f, A), 0);
	st_is(get(f, B), 1);
	fake_log_is(f, "p0 p1 ");
	/* B is idle. */
	ksm_slot_put(f->ksm, 1);
	fake_destroy(f);
	fake_log_is(f, "e0 e1 ");
	fake_has_nowhere(f, A);
	fake_has_nowhere(f, B);
	st_is(try_get(f, A), -ENODEV);
	st_is(try_get(f, B), -ENODEV);
	st_is(get(f, A), -ENODEV);
	st_is(get(f, C), -ENODEV);
	st_is(ksm_evict_key(f->ksm, &f->key[B]), 0);
	st_is(ksm_evict_key(f->ksm, &f->key[A]), 0);
	st_is(ksm_num_slots(f->ksm), 3);
	ksm_slot_dup(f->ksm, 0);
	ksm_slot_put(f->ksm, 0);
	ksm_slot_put(f->ksm, 0);
	st_is(get(f, A), -ENODEV);
	fake_log_is(f, "");
	fake_free(f);
}

/* Who waits is told. */
static void test_destroy_waiters(void)
{
	struct getter g[3] = {};
	struct fake *f = fake_new(1);
	int i;

	if (!f)
		return;
	st_is(get(f, A), 0);
	for (i = 0; i < ARRAY_SIZE(g); i++)
		getter_waits(&g[i], f, B + i);
	fake_destroy(f);
	for (i = 0; i < ARRAY_SIZE(g); i++) {
		st_true(st_ended(&g[i].thread));
		st_is(g[i].slot, -ENODEV);
		st_join(&g[i].thread);
	}
	st_is(atomic_read(&f->programs), 1);
	ksm_slot_put(f->ksm, 0);
	fake_free(f);
}

static void destroy_main(void *arg)
{
	fake_destroy(arg);
}

/* It waits for operations that are running. */
static void test_destroy_busy(void)
{
	struct fake *f = fake_new(2);
	struct st_thread thread;
	struct getter g = {};

	if (!f)
		return;
	f->gate_slot = 0;
	WRITE_ONCE(f->gated, true);
	getter_start(&g, f, A);
	st_true(wait_for_completion_timeout(&f->gate_entered, ST_TIMEOUT));
	st_start(&thread, destroy_main, f);
	st_true(st_asleep(&thread));
	st_true(!READ_ONCE(f->dead));
	WRITE_ONCE(f->gated, false);
	complete_all(&f->gate);
	st_true(st_ended(&thread));
	st_true(st_ended(&g.thread));
	/* Either came first. */
	st_true(g.slot == 0 || g.slot == -ENODEV);
	st_is(try_get(f, A), -ENODEV);
	st_join(&thread);
	getter_end(&g);
	fake_free(f);
}

const struct st_test st_wait_tests[] = {
	{ "wait", test_wait },
	{ "wait-hardirq", test_wait_hardirq },
	{ "close", test_close },
	{ "close-oldest", test_close_oldest },
	{ "close-stuck", test_close_stuck },
	{ "reopen", test_reopen },
	{ "close-in-vain", test_close_in_vain },
	{ "fifo", test_fifo },
	{ "wait-same-key", test_wait_same_key },
	{ "starve", test_starve },
	{ "slow-program", test_slow_program },
	{ "wait-fails", test_wait_fails },
	{ "wait-for-good-slot", test_wait_for_good_slot },
	{ "wait-for-mended-slot", test_wait_for_mended_slot },
	{ "wait-for-reset", test_wait_for_reset },
	{ "destroy", test_destroy },
	{ "destroy-waiters", test_destroy_waiters },
	{ "destroy-busy", test_destroy_busy },
	{}
};
