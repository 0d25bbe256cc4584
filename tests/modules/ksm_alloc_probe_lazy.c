// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_alloc_probe: a device-mapper target, ksm-lazy, that passes everything on,
 * and believes that a write which comes while an algorithm is being registered,
 * from the thread that does it, is the first one of a mapping whose cipher has
 * still to be made. It has that made by a worker, and waits for it.
 *
 * What is made: a key in a transform that has been there all the time; a key of
 * the library, where there is one; and a transform, whose algorithm is in use
 * already and needs no module, without I/O for its memory. A cipher that is
 * not there after some seconds, of which no one can have held up the
 * worker but the thread that waits for it, will never be. Then the write goes on
 * without, so that the guest lives.
 */
#include <crypto/skcipher.h>
#include <linux/completion.h>
#include <linux/device-mapper.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#ifdef KSM_HAVE_AES_XTS_LIB
#include <crypto/aes-xts.h>
#endif

#include "ksm_alloc_probe.h"

#define CIPHER	    "xts(aes)"
#define STACK_DEPTH 64

/* After that, what is waited for will not come. */
#define GIVE_UP (4 * HZ)

/* kswapd does not get on while algorithms are registered, at most so long. */
#define SLOW_DISK (30 * HZ)

enum step { SETKEY, LIBRARY, ALLOC, STEPS };

static const char *const step_names[STEPS] = { "setkey", "library", "alloc" };

/**
 * struct lazy_step - one way to get at a cipher
 * @work: for the worker
 * @done: it has come to its end
 * @err: how
 * @ns: how long it took
 */
struct lazy_step {
	struct work_struct work;
	struct completion done;
	int err;
	u64 ns;
};

/* What was seen; there is one experiment at a time. */
static struct {
	struct task_struct *armed;
	bool squeezed;
	bool tried;
	bool stuck;
	bool contended;
	unsigned int writes;
	struct lazy_step steps[STEPS];
	enum step reached;
	unsigned long stack[STACK_DEPTH];
	unsigned int depth;
	char task[TASK_COMM_LEN];
} lazy;

static DECLARE_WAIT_QUEUE_HEAD(released);
static struct workqueue_struct *wq;
static struct crypto_skcipher *held;

static int step_setkey(void)
{
	u8 key[KSM_PROBE_KEY_SIZE];
	int err;

	get_random_bytes(key, sizeof(key));
	err = crypto_skcipher_setkey(held, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	return err;
}

#ifdef KSM_HAVE_AES_XTS_LIB
static int step_library(void)
{
	struct aes_xts_key *lib_key;
	u8 key[KSM_PROBE_KEY_SIZE];
	int err;

	lib_key = kzalloc(sizeof(*lib_key), GFP_NOIO);
	if (!lib_key)
		return -ENOMEM;
	get_random_bytes(key, sizeof(key));
	err = aes_xts_preparekey(lib_key, key, sizeof(key), 0);
	memzero_explicit(key, sizeof(key));
	kfree_sensitive(lib_key);
	return err;
}
#else
static int step_library(void)
{
	return -EOPNOTSUPP;
}
#endif

static int step_alloc(void)
{
	struct crypto_skcipher *tfm;

	tfm = crypto_alloc_skcipher(CIPHER, 0, CRYPTO_NOLOAD);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	crypto_free_skcipher(tfm);
	return 0;
}

static void step_work(struct work_struct *work)
{
	struct lazy_step *step = container_of(work, struct lazy_step, work);
	unsigned int flags = memalloc_noio_save();
	u64 start = ktime_get_ns();

	switch (step - lazy.steps) {
	case SETKEY:
		step->err = step_setkey();
		break;
	case LIBRARY:
		step->err = step_library();
		break;
	default:
		step->err = step_alloc();
	}
	step->ns = ktime_get_ns() - start;
	memalloc_noio_restore(flags);
	complete_all(&step->done);
}

/* The first write of a mapping that has no cipher yet. */
static void lazy_write(void)
{
	struct lazy_step *step;

	get_task_comm(lazy.task, current);
	lazy.depth = stack_trace_save(lazy.stack, STACK_DEPTH, 1);
	for (lazy.reached = 0; lazy.reached < STEPS; lazy.reached++) {
		step = &lazy.steps[lazy.reached];
		queue_work(wq, &step->work);
		if (wait_for_completion_timeout(&step->done, GIVE_UP))
			continue;
		lazy.contended = rwsem_is_contended(&crypto_alg_sem);
		WRITE_ONCE(lazy.stuck, true);
		break;
	}
}

static int lazy_map(struct dm_target *ti, struct bio *bio)
{
	struct dm_dev *dev = ti->private;

	if (bio_data_dir(bio) == WRITE) {
		if (current_is_kswapd())
			wait_event_timeout(released, !READ_ONCE(lazy.squeezed),
					   SLOW_DISK);
		if (READ_ONCE(lazy.armed) == current && !lazy.tried) {
			lazy.tried = true;
			lazy_write();
		}
		WRITE_ONCE(lazy.writes, READ_ONCE(lazy.writes) + 1);
	}
	bio_set_dev(bio, dev->bdev);
	return DM_MAPIO_REMAPPED;
}

static int lazy_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct dm_dev *dev;
	int err;

	if (argc != 1) {
		ti->error = "One argument wanted: the device";
		return -EINVAL;
	}
	err = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &dev);
	if (err) {
		ti->error = "Device cannot be opened";
		return err;
	}
	ti->private = dev;
	return 0;
}

static void lazy_dtr(struct dm_target *ti)
{
	dm_put_device(ti, ti->private);
}

static struct target_type lazy_target = {
	.name = "ksm-lazy",
	.version = { 0, 1, 0 },
	.module = THIS_MODULE,
	.ctr = lazy_ctr,
	.dtr = lazy_dtr,
	.map = lazy_map,
};

/**
 * ksm_lazy_squeeze() - algorithms are going to be registered, or no more
 * @on: they are
 */
void ksm_lazy_squeeze(bool on)
{
	WRITE_ONCE(lazy.squeezed, on);
	if (!on)
		wake_up_all(&released);
}

/**
 * ksm_lazy_arm() - this thread is about to register an algorithm
 */
void ksm_lazy_arm(void)
{
	WRITE_ONCE(lazy.armed, current);
}

/**
 * ksm_lazy_disarm() - it has done so, as far as memory goes
 */
void ksm_lazy_disarm(void)
{
	if (READ_ONCE(lazy.armed) == current)
		WRITE_ONCE(lazy.armed, NULL);
}

/**
 * ksm_lazy_is_stuck() - was there a write that got no cipher?
 *
 * Return: whether there was.
 */
bool ksm_lazy_is_stuck(void)
{
	return READ_ONCE(lazy.stuck);
}

static void show_step(struct seq_file *m, enum step i)
{
	struct lazy_step *step = &lazy.steps[i];
	const char *when = "in time";

	if (lazy.stuck && i == lazy.reached)
		when = "only when its waiter had given up";
	if (!lazy.tried || i > lazy.reached)
		seq_printf(m, "%s: not tried\n", step_names[i]);
	else if (!completion_done(&step->done))
		seq_printf(m, "%s: still waiting\n", step_names[i]);
	else
		seq_printf(m, "%s: error %d after %llu us, %s\n", step_names[i],
			   step->err, div_u64(step->ns, NSEC_PER_USEC), when);
}

/**
 * ksm_lazy_show() - what the target saw, for debugfs
 * @m: the file
 * @unused: nothing
 *
 * Return: 0.
 */
int ksm_lazy_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	seq_printf(m, "writes: %u\n", lazy.writes);
	seq_printf(m, "by: %s\n", lazy.tried ? lazy.task : "-");
	for (i = 0; i < STEPS; i++)
		show_step(m, i);
	seq_printf(m, "stuck: %s\n", lazy.stuck ? "yes" : "no");
	seq_printf(m, "waits for crypto_alg_sem: %s\n",
		   lazy.contended ? "yes" : "no");
	for (i = 0; i < lazy.depth; i++)
		seq_printf(m, " %pS\n", (void *)lazy.stack[i]);
	return 0;
}

/**
 * ksm_lazy_init() - make the target known
 *
 * Return: 0 or a negative errno.
 */
int ksm_lazy_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < STEPS; i++) {
		INIT_WORK(&lazy.steps[i].work, step_work);
		init_completion(&lazy.steps[i].done);
	}
	held = crypto_alloc_skcipher(CIPHER, 0, 0);
	if (IS_ERR(held))
		return PTR_ERR(held);
	err = -ENOMEM;
	wq = alloc_workqueue("ksm_lazy", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!wq)
		goto free_held;
	err = dm_register_target(&lazy_target);
	if (err)
		goto free_wq;
	return 0;

free_wq:
	destroy_workqueue(wq);
free_held:
	crypto_free_skcipher(held);
	return err;
}

/**
 * ksm_lazy_exit() - undo ksm_lazy_init()
 */
void ksm_lazy_exit(void)
{
	dm_unregister_target(&lazy_target);
	destroy_workqueue(wq);
	crypto_free_skcipher(held);
}
