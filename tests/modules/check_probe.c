// SPDX-License-Identifier: GPL-2.0-only
/*
 * check_probe: does once what a kernel with checks must see: a byte read behind
 * an object, a shift by more bits than there are, memory that nobody knows of
 * any more.
 *
 * Nothing is written where it must not be. Its name is none of the suite's
 * modules, of which nothing of the kind may be said.
 */
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define SIZE 61

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "behind, shift or leak");

static unsigned int result;
/* Complements of addresses. */
static unsigned long lost[8];

static noinline int behind(void)
{
	u8 *object = kzalloc(SIZE, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(object);
	result = READ_ONCE(object[SIZE]);
	kfree(object);
	return 0;
}

static noinline int shift(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	result = 1 << bits;
	return 0;
}

static void found(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(lost); i++) {
		if (lost[i])
			kfree((void *)~lost[i]);
	}
}

/*
 * Not in the module's init function, which is nowhere once the module is loaded.
 * More than one: something that looks like a pointer may lie about. What is kept
 * does not look like one.
 */
static noinline int leak(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(lost); i++) {
		u8 *object = kzalloc(SIZE, GFP_KERNEL);

		if (!object) {
			found();
			return -ENOMEM;
		}
		lost[i] = ~(unsigned long)object;
	}
	return 0;
}

static int __init check_probe_init(void)
{
	if (!strcmp(what, "behind"))
		return behind();
	if (!strcmp(what, "shift"))
		return shift();
	if (!strcmp(what, "leak"))
		return leak();
	return -EINVAL;
}

static void __exit check_probe_exit(void)
{
	found();
}

module_init(check_probe_init);
module_exit(check_probe_exit);

MODULE_DESCRIPTION("Test: what a kernel with checks must see");
MODULE_LICENSE("GPL");
