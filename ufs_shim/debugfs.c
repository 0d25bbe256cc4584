// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/ufs_shim/DEVICE/status: what was found, and what was done.
 * The keyslots are shown by ksm_core, under ksm_core/ufs-DEVICE.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "host.h"
#include "ufs.h"

static struct dentry *folder;

static void show_counts(struct seq_file *m, const struct shim_host *host)
{
	struct shim_counts sum = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		sum.tagged += per_cpu_ptr(host->counts, cpu)->tagged;
		sum.plain += per_cpu_ptr(host->counts, cpu)->plain;
	}
	seq_printf(m, "tagged %llu\n", sum.tagged);
	seq_printf(m, "plain %llu\n", sum.plain);
	seq_printf(m, "mixed %lld\n", atomic64_read(&host->mixed));
	seq_printf(m, "unexplained %lld\n", atomic64_read(&host->unexplained));
	seq_printf(m, "resets %lld\n", atomic64_read(&host->resets));
}

static int status_show(struct seq_file *m, void *unused)
{
	const struct shim_host *host = m->private;
	int i;

	if (host->refused)
		seq_printf(m, "refused %s\n", host->refused);
	else
		seq_printf(m, "engine %s\n",
			   READ_ONCE(host->engine_on) ? "on" : "off");
	if (host->engine.num_slots) {
		seq_printf(m, "slots %u\n", host->engine.num_slots);
		seq_printf(m, "registers 0x%x\n", host->engine.base);
		for (i = 0; i < host->engine.num_caps; i++)
			seq_printf(m, "cap%d 0x%08x\n", i, host->engine.cap[i]);
	}
	if (host->refused)
		return 0;
	seq_printf(m, "readback %d\n", host->engine.readback);
	seq_printf(m, "mode %s\n",
		   compat_ufs_mcq(host->hba) ? "mcq" : "doorbell");
	show_counts(m, host);
	shim_disks_show(host, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(status);

/**
 * shim_debugfs_init() - make the module's folder
 *
 * Context: process context, may sleep.
 */
void shim_debugfs_init(void)
{
	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

/**
 * shim_debugfs_exit() - remove it
 *
 * Context: process context, may sleep.
 */
void shim_debugfs_exit(void)
{
	debugfs_remove(folder);
}

/**
 * shim_debugfs_add() - show a host
 * @host: the host
 *
 * Context: process context, may sleep.
 */
void shim_debugfs_add(struct shim_host *host)
{
	host->debugfs = debugfs_create_dir(host->name, folder);
	debugfs_create_file("status", 0400, host->debugfs, host, &status_fops);
}

/**
 * shim_debugfs_remove() - show it no more
 * @host: the host
 *
 * Nobody is reading when this returns.
 *
 * Context: process context, may sleep.
 */
void shim_debugfs_remove(struct shim_host *host)
{
	debugfs_remove(host->debugfs);
}
