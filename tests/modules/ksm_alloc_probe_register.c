// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_alloc_probe: algorithms that are registered, and whose self-test ends when
 * the suite says so. Until then each is a larval, with the memory of one.
 *
 * To "register" are written:
 *	prepare N	threads that will register an algorithm each, ksm-probe-0 ...
 *	go		they do, one after the other
 *	tested		all self-tests end well
 *	finish		everything is unregistered
 */
#include <crypto/algapi.h>
#include <crypto/internal/skcipher.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include "ksm_alloc_probe.h"

#define MAX_REGISTRANTS 512

/* A registration that takes longer is not going to end. */
#define REGISTER_TIMEOUT (60 * HZ)

/**
 * struct registrant - a thread that registers an algorithm
 * @alg: the algorithm
 * @go: it may
 * @done: it is at its end
 * @stop: it shall not register anything
 * @leave: it may end, and give its memory back
 * @pending: the self-test has been asked for
 * @tested: the self-test has ended
 * @finished: registering has returned
 * @err: what it returned
 */
struct registrant {
	struct skcipher_alg alg;
	struct completion go;
	struct completion done;
	bool stop;
	bool leave;
	bool pending;
	bool tested;
	bool finished;
	int err;
};

static DEFINE_MUTEX(lock); /* protects the following */
static struct registrant *registrants;
static unsigned int registrant_count;

static DECLARE_WAIT_QUEUE_HEAD(progress);
static DECLARE_WAIT_QUEUE_HEAD(leaving);

static int no_setkey(struct crypto_skcipher *tfm, const u8 *key,
		     unsigned int len)
{
	return 0;
}

static int no_crypt(struct skcipher_request *req)
{
	return -EOPNOTSUPP;
}

static void describe(struct skcipher_alg *alg, unsigned int i)
{
	snprintf(alg->base.cra_name, CRYPTO_MAX_ALG_NAME, "ksm-probe-%u", i);
	snprintf(alg->base.cra_driver_name, CRYPTO_MAX_ALG_NAME,
		 "ksm-probe-driver-%u", i);
	alg->base.cra_priority = 1;
	alg->base.cra_blocksize = 16;
	alg->base.cra_module = THIS_MODULE;
	alg->min_keysize = 16;
	alg->max_keysize = KSM_PROBE_KEY_SIZE;
	alg->setkey = no_setkey;
	alg->encrypt = no_crypt;
	alg->decrypt = no_crypt;
}

static int registrant_thread(void *data)
{
	struct registrant *r = data;

	wait_for_completion(&r->go);
	if (!r->stop) {
		ksm_lazy_arm();
		r->err = crypto_register_skcipher(&r->alg);
		ksm_lazy_disarm();
		WRITE_ONCE(r->finished, true);
		wake_up(&progress);
		wait_event_idle(leaving, READ_ONCE(r->leave));
	}
	kthread_complete_and_exit(&r->done, 0);
}

/* Before the crypto manager, which would run a self-test and find that there is none. */
static int notify(struct notifier_block *nb, unsigned long msg, void *data)
{
	struct crypto_alg *alg = data;
	struct registrant *r;

	if (msg != CRYPTO_MSG_ALG_REGISTER || alg->cra_module != THIS_MODULE)
		return NOTIFY_DONE;
	r = container_of(alg, struct registrant, alg.base);
	ksm_lazy_disarm();
	WRITE_ONCE(r->pending, true);
	wake_up(&progress);
	return NOTIFY_STOP;
}

static struct notifier_block notifier = {
	.notifier_call = notify,
	.priority = INT_MAX,
};

static int prepare(unsigned int n)
{
	struct task_struct *task;
	struct registrant *r;

	if (registrants || !n || n > MAX_REGISTRANTS)
		return -EINVAL;
	registrants = kcalloc(n, sizeof(*registrants), GFP_KERNEL);
	if (!registrants)
		return -ENOMEM;
	for (; registrant_count < n; registrant_count++) {
		r = &registrants[registrant_count];
		describe(&r->alg, registrant_count);
		init_completion(&r->go);
		init_completion(&r->done);
		task = kthread_run(registrant_thread, r, "ksm_reg/%u",
				   registrant_count);
		if (IS_ERR(task))
			return PTR_ERR(task);
	}
	return 0;
}

/* Stops when a write that waits for a cipher was seen to wait for ever. */
static int go(void)
{
	struct registrant *r;
	unsigned int i;
	int err = 0;

	ksm_lazy_squeeze(true);
	for (i = 0; i < registrant_count && !err && !ksm_lazy_is_stuck(); i++) {
		r = &registrants[i];
		complete(&r->go);
		if (!wait_event_timeout(progress,
					READ_ONCE(r->pending) ||
						READ_ONCE(r->finished),
					REGISTER_TIMEOUT))
			err = -ETIMEDOUT;
		else if (READ_ONCE(r->finished))
			err = r->err;
	}
	ksm_lazy_squeeze(false);
	return err;
}

static void tested(struct registrant *r)
{
	if (READ_ONCE(r->pending) && !r->tested)
		crypto_alg_tested(r->alg.base.cra_driver_name, 0);
	r->tested = true;
}

static void finish(void)
{
	struct registrant *r;

	while (registrant_count) {
		r = &registrants[--registrant_count];
		if (!READ_ONCE(r->pending) && !READ_ONCE(r->finished)) {
			r->stop = true;
			complete(&r->go);
		}
		tested(r);
		WRITE_ONCE(r->leave, true);
		wake_up_all(&leaving);
		wait_for_completion(&r->done);
		if (!r->stop && !r->err)
			crypto_unregister_skcipher(&r->alg);
	}
	kfree(registrants);
	registrants = NULL;
}

/**
 * ksm_probe_register() - a command of the suite
 * @command: see above
 *
 * Return: 0 or a negative errno.
 */
int ksm_probe_register(const char *command)
{
	unsigned int i, n;
	int err = 0;

	mutex_lock(&lock);
	if (sscanf(command, "prepare %u", &n) == 1)
		err = prepare(n);
	else if (sysfs_streq(command, "go"))
		err = go();
	else if (sysfs_streq(command, "tested"))
		for (i = 0; i < registrant_count; i++)
			tested(&registrants[i]);
	else if (sysfs_streq(command, "finish"))
		finish();
	else
		err = -EINVAL;
	mutex_unlock(&lock);
	return err;
}

/**
 * ksm_probe_register_init() - get to know of self-tests
 *
 * Return: 0 or a negative errno.
 */
int ksm_probe_register_init(void)
{
	return crypto_register_notifier(&notifier);
}

/**
 * ksm_probe_register_exit() - undo it, and all registrations
 */
void ksm_probe_register_exit(void)
{
	mutex_lock(&lock);
	finish();
	mutex_unlock(&lock);
	crypto_unregister_notifier(&notifier);
}
