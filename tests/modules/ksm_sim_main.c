// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim, the driver: devices come and go, and what ksm_core asks of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "ksm_sim.h"

static struct ksm_sim_dev *devices[KSM_SIM_MAX_DEVICES];

/* ---- operations for ksm_core ---- */

static int program(struct ksm *ksm, const struct ksm_key *key,
		   unsigned int slot)
{
	struct ksm_sim_dev *dev = ksm_priv(ksm);

	return ksm_sim_hw_program(&dev->hw, slot, key);
}

static int evict(struct ksm *ksm, const struct ksm_key *key, unsigned int slot)
{
	struct ksm_sim_dev *dev = ksm_priv(ksm);

	return ksm_sim_hw_evict(&dev->hw, slot, key);
}

static const struct ksm_ops slot_ops = {
	.program = program,
	.evict = evict,
};

/* Without slots there is nothing to program. */
static const struct ksm_ops no_slot_ops = {
	.evict = evict,
};

/* ---- reset ---- */

static int reset_and_reprogram(struct ksm_sim_dev *dev)
{
	int err;

	/* ksm_core leaves this to the driver, which may have it on already. */
	err = ksm_sim_pm_get(dev);
	if (err)
		return err;
	/* No request may come between the loss of its key and its return. */
	blk_mq_quiesce_queue(dev->disk->queue);
	flush_workqueue(dev->wq);
	ksm_sim_hw_reset(&dev->hw);
	err = ksm_reprogram_all(dev->ksm);
	blk_mq_unquiesce_queue(dev->disk->queue);
	ksm_sim_pm_put(dev);
	return err;
}

/**
 * ksm_sim_reset() - reset the hardware, which makes it forget all keys
 * @dev: the device
 *
 * Return: 0; -ENODEV if the device is gone; or what ksm_reprogram_all() says.
 */
int ksm_sim_reset(struct ksm_sim_dev *dev)
{
	int err = -ENODEV;

	mutex_lock(&dev->lock);
	if (dev->alive)
		err = reset_and_reprogram(dev);
	mutex_unlock(&dev->lock);
	return err;
}

/* ---- the end of a device ---- */

static void stop_device(struct ksm_sim_dev *dev)
{
	if (!dev->ksm)
		return;
	ksm_sim_queue_exit(dev);
	ksm_destroy(dev->ksm);
	dev->ksm = NULL;
	ksm_sim_pm_remove(dev);
}

/*
 * The disk cannot be opened any more when this returns, but it may still be
 * open: then all I/O fails.
 */
static void take_down(struct ksm_sim_dev *dev)
{
	bool alive;

	mutex_lock(&dev->lock);
	alive = dev->alive;
	dev->alive = false;
	mutex_unlock(&dev->lock);
	if (alive) {
		/* Waits for contexts: the disk still has to end their bios. */
		ksm_unregister(dev->ksm, dev->disk);
		del_gendisk(dev->disk);
	}
	stop_device(dev);
}

static void vanish_work(struct work_struct *work)
{
	struct ksm_sim_dev *dev =
		container_of(work, struct ksm_sim_dev, vanish);

	/* No request reaches the hardware any more, and it keeps no key. */
	ksm_sim_hw_reset(&dev->hw);
	blk_mark_disk_dead(dev->disk);
	take_down(dev);
}

static void destroy_device(struct ksm_sim_dev *dev)
{
	/* First: from there it may be told to vanish. */
	ksm_sim_debugfs_remove(dev);
	flush_work(&dev->vanish);
	take_down(dev);
	ksm_sim_hw_exit(&dev->hw);
	free_percpu(dev->stats);
	mutex_destroy(&dev->lock);
	kfree(dev);
}

/* ---- the beginning of a device ---- */

static struct ksm *create_ksm(struct ksm_sim_dev *dev)
{
	struct ksm_config config = {
		.name = dev->name,
		.ops = dev->params.slots ? &slot_ops : &no_slot_ops,
		.owner = THIS_MODULE,
		.dev = dev->pdev ? &dev->pdev->dev : NULL,
		.num_slots = dev->params.slots,
		.caps = dev->hw.caps,
		.priv = dev,
	};

	return ksm_create(&config);
}

static int start_device(struct ksm_sim_dev *dev)
{
	struct ksm *ksm;
	int err;

	err = ksm_sim_pm_add(dev);
	if (err)
		return err;
	ksm = create_ksm(dev);
	if (IS_ERR(ksm)) {
		err = PTR_ERR(ksm);
		goto remove_pm;
	}
	err = ksm_sim_queue_init(dev);
	if (err)
		goto destroy_ksm;
	dev->ksm = ksm;
	return 0;

destroy_ksm:
	ksm_destroy(ksm);
remove_pm:
	ksm_sim_pm_remove(dev);
	return err;
}

/* The disk may be used as soon as it is added, so its slots come first. */
static int show_device(struct ksm_sim_dev *dev)
{
	int err;

	err = ksm_register(dev->ksm, dev->disk);
	if (err)
		return err;
	err = device_add_disk(dev->pdev ? &dev->pdev->dev : NULL, dev->disk,
			      NULL);
	if (err) {
		ksm_unregister(dev->ksm, dev->disk);
		return err;
	}
	dev->alive = true;
	ksm_sim_debugfs_add(dev);
	return 0;
}

static struct ksm_sim_dev *alloc_device(unsigned int nr)
{
	struct ksm_sim_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->stats = alloc_percpu(struct ksm_sim_stats);
	if (!dev->stats) {
		kfree(dev);
		return NULL;
	}
	dev->nr = nr;
	snprintf(dev->name, sizeof(dev->name), "ksmsim%u", nr);
	mutex_init(&dev->lock);
	INIT_WORK(&dev->vanish, vanish_work);
	dev->hw.name = dev->name;
	dev->hw.stats = dev->stats;
	return dev;
}

static int create_device(unsigned int nr)
{
	struct ksm_sim_dev *dev = alloc_device(nr);
	int err;

	if (!dev)
		return -ENOMEM;
	devices[nr] = dev;
	err = ksm_sim_params_read(nr, &dev->params);
	if (!err)
		err = ksm_sim_hw_init(&dev->hw, &dev->params);
	if (!err)
		err = start_device(dev);
	return err;
}

/* ---- the module ---- */

static void destroy_all(void)
{
	int i;

	for (i = KSM_SIM_MAX_DEVICES - 1; i >= 0; i--) {
		if (devices[i])
			destroy_device(devices[i]);
	}
	ksm_sim_debugfs_exit();
	ksm_sim_pm_exit();
}

/*
 * Once there is a disk the module may not fail to load: the file through which
 * the kernel has looked for partitions is closed, with the module's functions,
 * when this task goes back to user space.
 */
static int show_all(unsigned int count)
{
	unsigned int i;
	int err;

	for (i = 0; i < count; i++) {
		err = show_device(devices[i]);
		if (!err)
			continue;
		pr_err("%s: no disk, error %d\n", devices[i]->name, err);
		if (!i)
			return err;
	}
	return 0;
}

static int __init ksm_sim_init(void)
{
	unsigned int count = ksm_sim_params_devices();
	unsigned int i;
	int err;

	if (!count)
		return -EINVAL;
	err = ksm_sim_pm_init();
	if (err)
		return err;
	ksm_sim_debugfs_init();
	for (i = 0; !err && i < count; i++)
		err = create_device(i);
	if (!err)
		err = show_all(count);
	if (err)
		destroy_all();
	return err;
}

static void __exit ksm_sim_exit(void)
{
	destroy_all();
}

module_init(ksm_sim_init);
module_exit(ksm_sim_exit);

MODULE_DESCRIPTION("Test: RAM disks with inline encryption");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS_KSM;
