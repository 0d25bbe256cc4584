// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim: /sys/kernel/debug/ksm_sim/ksmsimN: what is in the slots, what was
 * counted, and faults to inject.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "ksm_sim.h"

static struct dentry *root;

static const char *const stat_names[KSM_SIM_STATS] = {
	[KSM_SIM_REQUESTS] = "requests",
	[KSM_SIM_CRYPT] = "crypt_requests",
	[KSM_SIM_PLAIN] = "plain_requests",
	[KSM_SIM_MIXED] = "mixed",
	[KSM_SIM_PROGRAMS] = "programs",
	[KSM_SIM_EVICTS] = "evicts",
	[KSM_SIM_EMPTY_SLOT] = "empty_slot_errors",
	[KSM_SIM_REJECTED] = "rejected",
	[KSM_SIM_UNPOWERED] = "unpowered",
	[KSM_SIM_VECTORS] = "vectors",
};

static int stats_show(struct seq_file *m, void *unused)
{
	struct ksm_sim_dev *dev = m->private;
	unsigned int i;
	int cpu;

	for (i = 0; i < KSM_SIM_STATS; i++) {
		u64 sum = 0;

		for_each_possible_cpu(cpu)
			sum += per_cpu_ptr(dev->stats, cpu)->n[i];
		seq_printf(m, "%s %llu\n", stat_names[i], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* Never the key itself. */
static int slots_show(struct seq_file *m, void *unused)
{
	struct ksm_sim_dev *dev = m->private;
	struct ksm_sim_slot *slot;
	unsigned int i;

	for (i = 0; i < dev->hw.num_slots; i++) {
		slot = &dev->hw.slots[i];
		down_read(&slot->lock);
		if (slot->mode)
			seq_printf(m, "%u %s %u id:%llu\n", i, slot->mode->name,
				   slot->unit, slot->key_id);
		else
			seq_printf(m, "%u empty\n", i);
		up_read(&slot->lock);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(slots);

/* 1: a reset, as a driver does it. 2: keys are lost, and nobody knows. */
static int forget_set(void *data, u64 value)
{
	struct ksm_sim_dev *dev = data;

	if (value == 1)
		return ksm_sim_reset(dev);
	if (value != 2)
		return -EINVAL;
	ksm_sim_hw_reset(&dev->hw);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(forget_fops, NULL, forget_set, "%llu\n");

/* Taking the device down waits for its users, of whom the writer may be one. */
static int vanish_set(void *data, u64 value)
{
	struct ksm_sim_dev *dev = data;
	int err = -ENODEV;

	if (value != 1)
		return -EINVAL;
	mutex_lock(&dev->lock);
	if (dev->alive && !READ_ONCE(dev->hw.gone)) {
		WRITE_ONCE(dev->hw.gone, true);
		schedule_work(&dev->vanish);
		err = 0;
	}
	mutex_unlock(&dev->lock);
	return err;
}
DEFINE_DEBUGFS_ATTRIBUTE(vanish_fops, NULL, vanish_set, "%llu\n");

/* The power does not come when it is asked for. */
static int power_fails_set(void *data, u64 value)
{
	struct ksm_sim_dev *dev = data;
	int err = -ENODEV;

	mutex_lock(&dev->lock);
	if (dev->alive)
		err = ksm_sim_pm_fail(dev, value);
	mutex_unlock(&dev->lock);
	return err;
}
DEFINE_DEBUGFS_ATTRIBUTE(power_fails_fops, NULL, power_fails_set, "%llu\n");

/**
 * ksm_sim_debugfs_add() - make a device's files
 * @dev: the device
 */
void ksm_sim_debugfs_add(struct ksm_sim_dev *dev)
{
	struct dentry *dir = debugfs_create_dir(dev->name, root);
	struct ksm_sim_hw *hw = &dev->hw;

	dev->dir = dir;
	debugfs_create_file("stats", 0400, dir, dev, &stats_fops);
	debugfs_create_file("slots", 0400, dir, dev, &slots_fops);
	debugfs_create_file_unsafe("forget", 0200, dir, dev, &forget_fops);
	debugfs_create_file_unsafe("vanish", 0200, dir, dev, &vanish_fops);
	debugfs_create_file_unsafe("power_fails", 0200, dir, dev,
				   &power_fails_fops);
	debugfs_create_bool("suspend_fails", 0600, dir, &dev->suspend_fails);
	debugfs_create_x64("refuse_program", 0600, dir, &hw->refuse_program);
	debugfs_create_bool("refuse_evict", 0600, dir, &hw->refuse_evict);
	debugfs_create_bool("wrong_key", 0600, dir, &hw->wrong_key);
	debugfs_create_bool("null", 0600, dir, &hw->null);
	debugfs_create_u32("program_delay_us", 0600, dir,
			   &hw->program_delay_us);
	debugfs_create_bool("ignore_contexts", 0600, dir,
			    &dev->ignore_contexts);
	debugfs_create_u32("delay_us", 0600, dir, &dev->delay_us);
}

/**
 * ksm_sim_debugfs_remove() - remove them, after waiting for their users
 * @dev: the device
 */
void ksm_sim_debugfs_remove(struct ksm_sim_dev *dev)
{
	debugfs_remove(dev->dir);
}

/**
 * ksm_sim_debugfs_init() - make the folder for all devices
 */
void ksm_sim_debugfs_init(void)
{
	root = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

/**
 * ksm_sim_debugfs_exit() - remove it
 */
void ksm_sim_debugfs_exit(void)
{
	debugfs_remove(root);
}
