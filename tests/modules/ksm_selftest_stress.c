// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads, keys and errors at a time over few slots; and the end of the
 * provider at any moment of it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "ksm_selftest.h"

#define THREADS 4
#define SLOTS	3
#define SHARED	4 /* keys of everybody */
#define PRIVATE 2 /* keys per thread, evicted now and then */
#define STRESS	(2 * HZ)
#define LATEST	(ST_TIMEOUT / 2) /* on a machine that is slow or busy */
#define ENOUGH	10
#define ERRORS	2 /* one operation in so many fails */
#define RACE	(4 * HZ)
#define EVICTS	10

struct worker {
	struct st_thread thread;
	struct irq_work put;
	struct fake *f;
	int nr;
	int slot;
	unsigned long end;
	unsigned int got;
	unsigned int errors;
	unsigned int evicted;
};

static unsigned int below(unsigned int n)
{
	return get_random_u32() % n;
}

static void put_in_irq(struct irq_work *work)
{
	struct worker *w = container_of(work, struct worker, put);

	ksm_slot_put(w->f->ksm, w->slot);
}

/*
 * In the slot there is our key, for as long as we have it. If @since then
 * everything was being programmed again, there may be none; but never another.
 */
static void look(struct worker *w, const struct ksm_key *key, int since)
{
	u64 id = READ_ONCE(w->f->hw[w->slot]);

	if (id == key->id)
		return;
	if (!id && (since & 1 || atomic_read(&w->f->reprogramming) != since))
		return;
	st_fail("slot %d: expected key %llu, has %llu", w->slot, key->id, id);
}

static void use_key(struct worker *w, const struct ksm_key *key)
{
	struct ksm *ksm = w->f->ksm;
	int since = atomic_read(&w->f->reprogramming);

	w->slot = below(2) ? ksm_slot_get(ksm, key) :
			     ksm_slot_try_get(ksm, key);
	if (w->slot == -EAGAIN)
		w->slot = ksm_slot_get(ksm, key);
	if (w->slot < 0) {
		if (w->slot != -EIO)
			st_fail("ksm_slot_get: %d", w->slot);
		w->errors++;
		return;
	}
	fake_use(w->f, w->slot, key);
	w->got++;
	look(w, key, since);
	switch (below(4)) {
	case 0:
		schedule_timeout_uninterruptible(1);
		break;
	case 1:
		ksm_slot_dup(ksm, w->slot);
		cond_resched();
		ksm_slot_put(ksm, w->slot);
		break;
	}
	look(w, key, since);
	fake_unuse(w->f, w->slot);
	if (below(2)) {
		irq_work_queue(&w->put);
		irq_work_sync(&w->put);
	} else {
		ksm_slot_put(ksm, w->slot);
	}
}

/* Nobody but us uses this key, and we do not now. */
static void evict(struct worker *w, int key)
{
	int err = ksm_evict_key(w->f->ksm, &w->f->key[key]);

	if (err && err != -EIO)
		st_fail("ksm_evict_key: %d", err);
	fake_has_nowhere(w->f, key);
	st_is(ksm_slot_try_get(w->f->ksm, &w->f->key[key]), -EAGAIN);
	w->evicted++;
}

/* Time says little about how far we have come: some machines do not run us. */
static bool goes_on(unsigned long end, bool enough)
{
	return (time_before(jiffies, end) || !enough) &&
	       time_before(jiffies, end + LATEST) && !st_failed();
}

static bool has_enough(const struct worker *w)
{
	return w->got > ENOUGH && w->evicted &&
	       (!w->f->random_errors || READ_ONCE(w->f->lost));
}

static void worker_main(void *arg)
{
	struct worker *w = arg;
	int key;

	while (goes_on(w->end, has_enough(w))) {
		key = below(SHARED + PRIVATE);
		if (key >= SHARED)
			key += w->nr * PRIVATE;
		if (key >= SHARED && !below(3))
			evict(w, key);
		else
			use_key(w, &w->f->key[key]);
	}
}

static void workers_start(struct worker *w, struct fake *f)
{
	int i;

	memset(w, 0, THREADS * sizeof(*w));
	for (i = 0; i < THREADS; i++) {
		w[i].put = IRQ_WORK_INIT(put_in_irq);
		w[i].f = f;
		w[i].nr = i;
		w[i].end = jiffies + STRESS;
		st_start(&w[i].thread, worker_main, &w[i]);
	}
}

/* Everything went on, and all slots are still to be had. */
static void workers_end(struct worker *w, struct fake *f)
{
	int i, slot[SLOTS];

	for (i = 0; i < THREADS; i++) {
		st_join(&w[i].thread);
		st_true(w[i].got > ENOUGH);
		st_true(w[i].evicted > 0);
	}
	f->random_errors = 0;
	/* Those that failed count again. */
	st_is(fake_reprogram(f), 0);
	for (i = 0; i < SLOTS && !st_failed(); i++) {
		slot[i] = ksm_slot_get(f->ksm, &f->key[i]);
		fake_has(f, slot[i], i);
	}
	while (i-- > 0)
		fake_put(f, slot[i]);
}

static void test_stress(void)
{
	static struct worker w[THREADS];
	struct fake *f = fake_new(SLOTS);
	int i;

	if (!f)
		return;
	workers_start(w, f);
	workers_end(w, f);
	for (i = 0; i < THREADS; i++)
		st_is(w[i].errors, 0);
	fake_free(f);
}

/* Also with errors, and a provider that programs everything again. */
static void test_stress_errors(void)
{
	static struct worker w[THREADS];
	struct fake *f = fake_new(SLOTS);
	unsigned int errors = 0;
	int i, err;

	if (!f)
		return;
	f->random_errors = ERRORS;
	workers_start(w, f);
	while (goes_on(w[0].end, READ_ONCE(f->lost))) {
		schedule_timeout_uninterruptible(1 + below(HZ / 20));
		err = fake_reprogram(f);
		if (err && err != -EIO)
			st_fail("ksm_reprogram_all: %d", err);
	}
	workers_end(w, f);
	for (i = 0; i < THREADS; i++)
		errors += w[i].errors;
	/* Else this has not tested what it says. */
	st_true(errors > 0);
	st_true(f->lost > 0);
	fake_free(f);
}

/* ---- moments ---- */

struct getter {
	struct st_thread thread;
	struct fake *f;
	int key;
	bool *go;
	int slot;
};

static void getter_main(void *arg)
{
	struct getter *g = arg;

	while (g->go && !READ_ONCE(*g->go))
		cpu_relax();
	g->slot = ksm_slot_get(g->f->ksm, &g->f->key[g->key]);
}

static void getter_start(struct getter *g, struct fake *f, int key, bool *go)
{
	g->f = f;
	g->key = key;
	g->go = go;
	g->slot = -EINPROGRESS;
	st_start(&g->thread, getter_main, g);
}

static bool still_open(struct fake *f)
{
	int slot = ksm_slot_try_get(f->ksm, &f->key[0]);

	fake_put(f, slot);
	return slot >= 0;
}

/* The slot is idle for a moment while somebody finds that there is none. */
static void try_idle_moment(struct fake *f)
{
	struct getter g = {};
	bool go = false;
	int slot;

	slot = ksm_slot_get(f->ksm, &f->key[0]);
	if (!fake_has(f, slot, 0))
		return;
	getter_start(&g, f, 1, &go);
	while (g.thread.task && !READ_ONCE(g.thread.entered))
		cond_resched();
	WRITE_ONCE(go, true);
	ndelay(below(30000));
	ksm_slot_put(f->ksm, slot);
	ndelay(below(8000));
	slot = ksm_slot_try_get(f->ksm, &f->key[0]);
	/* If it is in use, and the other waits, it must not go on so. */
	if (slot >= 0) {
		st_tick();
		if (still_open(f) && st_asleep(&g.thread) && still_open(f))
			st_fail("a waiter has not closed the slot");
	}
	fake_put(f, slot);
	st_join(&g.thread);
	fake_put(f, g.slot);
}

static void test_race_close(void)
{
	unsigned long end = jiffies + RACE;
	struct fake *f = fake_new(1);

	if (!f)
		return;
	while (time_before(jiffies, end) && !st_failed())
		try_idle_moment(f);
	fake_free(f);
}

static void destroy_main(void *arg)
{
	fake_destroy(arg);
}

/*
 * Keys are evicted while the provider goes and waits for the last operation.
 * Whoever is first, the hardware has none of them afterwards: fake_free() sees
 * to that.
 */
static void try_evict_destroy(struct fake *f)
{
	struct st_thread destroyer;
	struct getter g = {};
	int i, err;

	for (i = 0; i < 2; i++)
		fake_put(f, ksm_slot_get(f->ksm, &f->key[i]));
	f->gate_slot = 2;
	WRITE_ONCE(f->gated, true);
	getter_start(&g, f, 2, NULL);
	if (!wait_for_completion_timeout(&f->gate_entered, ST_TIMEOUT))
		st_fail("no key is programmed");
	st_start(&destroyer, destroy_main, f);
	st_asleep(&destroyer);
	complete_all(&f->gate);
	while (atomic_read(&f->busy) && !st_failed())
		cpu_relax();
	for (i = 0; i < 2; i++) {
		err = ksm_evict_key(f->ksm, &f->key[i]);
		if (err && err != -ENODEV)
			st_fail("ksm_evict_key: %d", err);
	}
	st_join(&g.thread);
	st_join(&destroyer);
	fake_has_nowhere(f, 0);
	fake_has_nowhere(f, 1);
	fake_has_nowhere(f, 2);
	fake_put(f, g.slot);
}

static void test_race_evict_destroy(void)
{
	struct fake *f;
	int i;

	for (i = 0; i < EVICTS && !st_failed(); i++) {
		f = fake_new(SLOTS);
		if (!f)
			return;
		try_evict_destroy(f);
		fake_free(f);
	}
}

const struct st_test st_stress_tests[] = {
	{ "stress", test_stress },
	{ "stress-errors", test_stress_errors },
	{ "race-close", test_race_close },
	{ "race-evict-destroy", test_race_evict_destroy },
	{}
};
