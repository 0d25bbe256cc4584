// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_fail_return: as long as it is loaded, a function of the kernel returns an
 * error, after it has done its work. For what a healthy machine never does.
 */
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static char *function = "";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "its name");

static int fail(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs_set_return_value(regs, -EIO);
	return 0;
}

static struct kretprobe probe = { .handler = fail };

static int __init ksm_fail_return_init(void)
{
	probe.kp.symbol_name = function;
	return register_kretprobe(&probe);
}

static void __exit ksm_fail_return_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(ksm_fail_return_init);
module_exit(ksm_fail_return_exit);

MODULE_DESCRIPTION("Test: a function that fails");
MODULE_LICENSE("GPL");
