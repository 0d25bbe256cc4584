// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_alloc_probe: how often functions of the crypto API are called by anybody,
 * and how often where memory is allocated without I/O.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "ksm_alloc_probe.h"

/**
 * struct watched - a function
 * @probe: on its first instruction
 * @calls: how often it was called
 * @noio: of these, in the scope of memalloc_noio_save()
 */
struct watched {
	struct kprobe probe;
	atomic_t calls;
	atomic_t noio;
};

static struct watched watched[] = {
	{ .probe.symbol_name = "crypto_alloc_tfm_node" },
	{ .probe.symbol_name = "crypto_alg_mod_lookup" },
	{ .probe.symbol_name = "crypto_skcipher_setkey" },
	{ .probe.symbol_name = "crypto_skcipher_encrypt" },
};

static int called(struct kprobe *probe, struct pt_regs *regs)
{
	struct watched *w = container_of(probe, struct watched, probe);

	atomic_inc(&w->calls);
	if (current->flags & PF_MEMALLOC_NOIO)
		atomic_inc(&w->noio);
	return 0;
}

/**
 * ksm_watch_show() - the counts, for debugfs
 * @m: the file
 * @unused: nothing
 *
 * Return: 0.
 */
int ksm_watch_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(watched); i++)
		seq_printf(m, "%s %u %u\n", watched[i].probe.symbol_name,
			   atomic_read(&watched[i].calls),
			   atomic_read(&watched[i].noio));
	return 0;
}

/**
 * ksm_watch_init() - begin to count
 *
 * Return: 0 or a negative errno.
 */
int ksm_watch_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(watched); i++) {
		watched[i].probe.pre_handler = called;
		err = register_kprobe(&watched[i].probe);
		if (err)
			break;
	}
	if (i == ARRAY_SIZE(watched))
		return 0;
	while (i--)
		unregister_kprobe(&watched[i].probe);
	return err;
}

/**
 * ksm_watch_exit() - end it
 */
void ksm_watch_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(watched); i++)
		unregister_kprobe(&watched[i].probe);
}
