// SPDX-License-Identifier: GPL-2.0-only
/*
 * race_probe: two tasks that change a number without regard for each other, as
 * long as the module is loaded. For a kernel with KCSAN, which must see it.
 *
 * Its name is none of the suite's modules, whose races fail a run.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *tasks[2];
static unsigned long number;

static int count(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++) {
			number++;
			barrier();
		}
		usleep_range(100, 200);
	}
	return 0;
}

static void stop(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		if (!IS_ERR_OR_NULL(tasks[i]))
			kthread_stop(tasks[i]);
	}
}

static int __init race_probe_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = kthread_run(count, NULL, "race_probe/%d", i);
		if (IS_ERR(tasks[i])) {
			stop();
			return PTR_ERR(tasks[i]);
		}
	}
	return 0;
}

static void __exit race_probe_exit(void)
{
	stop();
}

module_init(race_probe_init);
module_exit(race_probe_exit);

MODULE_DESCRIPTION("Test: a data race");
MODULE_LICENSE("GPL");
