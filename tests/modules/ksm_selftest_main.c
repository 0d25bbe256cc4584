// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_selftest: runs the tests when it is loaded, each in a thread of its own.
 * Loading succeeds only if all tests passed; what they say is in the log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "ksm_selftest.h"

/* A test that takes longer hangs: it waits ST_TIMEOUT for every single thing. */
#define ST_TEST_TIMEOUT (240 * HZ)

static char *only;
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "run the test of this name only");

static const struct st_test *const suites[] = {
	st_slot_tests,	 st_wait_tests,	 st_context_tests,
	st_submit_tests, st_rival_tests, st_stress_tests,
};

/* The first complaint of the test that is running. */
static DEFINE_SPINLOCK(why_lock);
static char why[200];
static bool failed;

/**
 * st_fail() - the test has failed
 * @fmt: why; only the first reason is shown
 *
 * Context: Any context.
 */
void st_fail(const char *fmt, ...)
{
	unsigned long flags;
	va_list args;

	spin_lock_irqsave(&why_lock, flags);
	if (!failed) {
		failed = true;
		va_start(args, fmt);
		vscnprintf(why, sizeof(why), fmt, args);
		va_end(args);
	}
	spin_unlock_irqrestore(&why_lock, flags);
}

bool st_failed(void)
{
	return READ_ONCE(failed);
}

bool st_check(const char *func, int line, const char *what, s64 got,
	      s64 expected)
{
	if (got == expected)
		return true;
	st_fail("%s:%d: %s: expected %lld, got %lld", func, line, what,
		expected, got);
	return false;
}

static int st_thread_main(void *arg)
{
	struct st_thread *t = arg;

	WRITE_ONCE(t->entered, true);
	t->fn(t->arg);
	complete_all(&t->done);
	return 0;
}

/**
 * st_start() - start a thread
 * @t: the thread; lives until st_join()
 * @fn: what it does
 * @arg: for @fn
 *
 * Return: whether it was started; st_join() is needed only then.
 */
bool st_start(struct st_thread *t, void (*fn)(void *arg), void *arg)
{
	memset(t, 0, sizeof(*t));
	t->fn = fn;
	t->arg = arg;
	init_completion(&t->done);
	t->task = kthread_create(st_thread_main, t, "ksm_selftest");
	if (IS_ERR(t->task)) {
		st_fail("no thread: %ld", PTR_ERR(t->task));
		t->task = NULL;
		return false;
	}
	get_task_struct(t->task);
	wake_up_process(t->task);
	return true;
}

/**
 * st_asleep() - wait until a thread waits for something
 * @t: the thread
 *
 * Return: whether it does; a thread that has ended does not.
 */
bool st_asleep(struct st_thread *t)
{
	unsigned long end = jiffies + ST_TIMEOUT;
	unsigned int seen = 0;

	while (t->task && !completion_done(&t->done) &&
	       time_before(jiffies, end)) {
		if (READ_ONCE(t->entered) &&
		    READ_ONCE(t->task->__state) != TASK_RUNNING)
			seen++;
		else
			seen = 0;
		/* Mutexes are waited for, too, but not for so long. */
		if (seen == 4)
			return true;
		schedule_timeout_uninterruptible(2);
	}
	return false;
}

/**
 * st_ended() - wait until a thread has ended
 * @t: the thread
 *
 * Return: whether it has within the time limit.
 */
bool st_ended(struct st_thread *t)
{
	return t->task && wait_for_completion_timeout(&t->done, ST_TIMEOUT);
}

/**
 * st_join() - a thread ends; a failure if it does not by itself
 * @t: the thread
 *
 * A thread that hangs is helped by destroying all keyslot managers. If that is
 * of no use, waits for ever, as its stack is in use.
 */
void st_join(struct st_thread *t)
{
	if (!t->task)
		return;
	if (!st_ended(t)) {
		st_fail("a thread hangs");
		fake_destroy_all();
		wait_for_completion(&t->done);
	}
	kthread_stop(t->task);
	put_task_struct(t->task);
	t->task = NULL;
}

void st_tick(void)
{
	schedule_timeout_uninterruptible(2);
}

static void run_test(void *arg)
{
	const struct st_test *test = arg;

	test->run();
}

/* Returns false if the test hangs for good: its code and data are in use. */
static bool run(const struct st_test *test)
{
	static struct st_thread thread;
	bool hangs = false;

	failed = false;
	if (st_start(&thread, run_test, (void *)test)) {
		if (!wait_for_completion_timeout(&thread.done,
						 ST_TEST_TIMEOUT)) {
			st_fail("the test hangs");
			fake_destroy_all();
			hangs = !st_ended(&thread);
		}
		if (!hangs)
			st_join(&thread);
	}
	if (st_failed())
		pr_err("not ok %s: %s\n", test->name, why);
	else
		pr_info("ok %s\n", test->name);
	return !hangs;
}

static int __init ksm_selftest_init(void)
{
	unsigned int passed = 0, bad = 0;
	const struct st_test *test;
	bool wedged = false;
	int i;

	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		for (test = suites[i]; test->name; test++) {
			if (only && strcmp(only, test->name))
				continue;
			if (wedged) {
				pr_err("not ok %s: not run\n", test->name);
				bad++;
				continue;
			}
			wedged = !run(test);
			if (st_failed())
				bad++;
			else
				passed++;
		}
	}
	pr_info("%u passed, %u failed\n", passed, bad);
	if (wedged) {
		/* It can neither be unloaded nor fail to load any more. */
		__module_get(THIS_MODULE);
		return 0;
	}
	if (bad)
		return -EBADE;
	return passed ? 0 : -ENOENT;
}

static void __exit ksm_selftest_exit(void)
{
}

module_init(ksm_selftest_init);
module_exit(ksm_selftest_exit);

MODULE_DESCRIPTION("Test: keyslots and bio contexts of ksm_core");
MODULE_IMPORT_NS_KSM;
MODULE_LICENSE("GPL");
