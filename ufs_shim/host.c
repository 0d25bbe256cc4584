// SPDX-License-Identifier: GPL-2.0-only
/*
 * A UFS host controller from when it is seen until it goes.
 *
 * Nothing of its driver is replaced. A host that is used keeps this module
 * loaded, see hooks.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <scsi/scsi_host.h>

#include "command.h"
#include "debugfs.h"
#include "hooks.h"
#include "host.h"
#include "policy.h"
#include "ufs.h"

/* Of hosts and of their disks; not held while something is waited for. */
static DEFINE_MUTEX(hosts_lock);
static LIST_HEAD(hosts);

/**
 * struct shim_disk - a disk that has been registered
 * @list: in its host's list
 * @disk: the disk
 */
struct shim_disk {
	struct list_head list;
	struct gendisk *disk;
};

/* ---- keyslots ---- */

/* May wait for the clocks, which ksm_core allows only here. */
static int hold(struct ksm *ksm)
{
	struct shim_host *host = ksm_priv(ksm);

	return READ_ONCE(host->unbound) ? -ENODEV : compat_ufs_hold(host->hba);
}

static void release(struct ksm *ksm)
{
	struct shim_host *host = ksm_priv(ksm);

	ufshcd_release(host->hba);
}

static int program(struct ksm *ksm, const struct ksm_key *key,
		   unsigned int slot)
{
	struct shim_host *host = ksm_priv(ksm);
	int err = ufs_engine_program(&host->engine, key, slot);

	if (err)
		pr_err_ratelimited("%s: keyslot %u does not take a key: %d\n",
				   host->name, slot, err);
	return err;
}

static int evict(struct ksm *ksm, const struct ksm_key *key, unsigned int slot)
{
	struct shim_host *host = ksm_priv(ksm);
	int err = ufs_engine_evict(&host->engine, slot);

	if (err)
		pr_err_ratelimited("%s: keyslot %u keeps its key: %d\n",
				   host->name, slot, err);
	return err;
}

static const struct ksm_ops host_ops = {
	.program = program,
	.evict = evict,
	.hold = hold,
	.release = release,
};

/**
 * shim_host_reprogram() - the controller may have lost its keys
 * @host: the host
 *
 * Context: process context, may sleep; the controller's registers can be
 *	written. Part of a reset or a resume: must not wait for either.
 */
void shim_host_reprogram(struct shim_host *host)
{
	struct ufs_hba *hba = host->hba;
	int err = 0;
	bool on;

	mutex_lock(&host->lock);
	if (host->ksm)
		err = ksm_reprogram_all(host->ksm);
	/* Before HCE is 1 it is not yet time for it. */
	on = ufshcd_readl(hba, REG_CONTROLLER_ENABLE) & CONTROLLER_ENABLE &&
	     ufs_engine_enable(&host->engine);
	WRITE_ONCE(host->engine_on, on);
	atomic64_inc(&host->resets);
	mutex_unlock(&host->lock);
	if (err)
		pr_err("%s: not all keyslots could be programmed again: %d\n",
		       host->name, err);
}

/* ---- coming ---- */

static void report(const struct shim_host *host)
{
	struct ksm_caps caps;
	char modes[128] = "";
	int i, n = 0;

	ufs_engine_caps(&host->engine, &caps);
	for (i = 0; i < KSM_MODE_COUNT; i++) {
		u32 sizes = caps.data_unit_sizes[i];

		if (!sizes)
			continue;
		n += scnprintf(modes + n, sizeof(modes) - n,
			       "%s%s (%lu to %lu)", n ? ", " : "",
			       ksm_mode_get(i)->name, BIT(__ffs(sizes)),
			       BIT(__fls(sizes)));
	}
	pr_info("%s: engine with %u keyslots at 0x%x, %s mode: %s\n",
		host->name, host->engine.num_slots, host->engine.base,
		compat_ufs_mcq(host->hba) ? "MCQ" : "doorbell", modes);
}

static struct ksm *make_ksm(struct shim_host *host)
{
	char name[KSM_NAME_SIZE];
	struct ksm_config config = {
		.name = name,
		.ops = &host_ops,
		.owner = THIS_MODULE,
		.dev = host->hba->dev,
		.num_slots = ufs_engine_usable_slots(&host->engine),
		.priv = host,
	};

	if (snprintf(name, sizeof(name), "ufs-%s", host->name) >= sizeof(name))
		snprintf(name, sizeof(name), "ufs-host%u",
			 host->hba->host->host_no);
	ufs_engine_caps(&host->engine, &config.caps);
	return ksm_create(&config);
}

/*
 * Take the engine over. Resets that come in between are no problem: from the
 * hooks on each of them switches the engine on again, and as long as there is
 * no ksm the slots are empty.
 */
static const char *take_over(struct shim_host *host)
{
	const char *why;
	struct ksm *ksm;

	/* One that comes while the module goes would be left without its code. */
	if (!try_module_get(THIS_MODULE))
		return "the module is going";
	why = "its engine cannot be switched on (HCE.CGE stays 0)";
	if (!ufs_engine_enable(&host->engine))
		goto put_module;
	why = "no memory";
	host->counts = alloc_percpu(struct shim_counts);
	if (!host->counts)
		goto put_module;
	why = "its commands cannot be watched";
	if (shim_commands_watch(host))
		goto put_module;
	why = "no memory";
	ksm = make_ksm(host);
	if (IS_ERR(ksm))
		goto unwatch;
	/*
	 * The point of no return. With a reference to it the host is not freed
	 * while its commands are watched, and no other gets its address.
	 */
	scsi_host_get(host->hba->host);
	shim_hooks_install(host);
	mutex_lock(&host->lock);
	ufs_engine_clear(&host->engine);
	WRITE_ONCE(host->engine_on, ufs_engine_enable(&host->engine));
	host->ksm = ksm;
	mutex_unlock(&host->lock);
	if (!host->engine.readback)
		pr_info("%s: keyslots cannot be read back; whether they take keys is not checked\n",
			host->name);
	return NULL;

unwatch:
	shim_commands_unwatch(host);
put_module:
	module_put(THIS_MODULE);
	return why;
}

/*
 * The link may be off, and with it the controller, while its well-known unit
 * sleeps (rpm_lvl 5). There is none yet while the host itself is new; if it does
 * not wake up, the engine is found to be off.
 */
static struct scsi_device *wake_link(struct ufs_hba *hba)
{
	struct scsi_device *sdev;

	/* By way of the list: ufshcd keeps no reference for its pointer. */
	shost_for_each_device(sdev, hba->host) {
		if (sdev != READ_ONCE(hba->ufs_device_wlun))
			continue;
		pm_runtime_get_sync(&sdev->sdev_gendev);
		return sdev;
	}
	return NULL;
}

static void leave_link(struct scsi_device *wlun)
{
	if (!wlun)
		return;
	pm_runtime_put(&wlun->sdev_gendev);
	scsi_device_put(wlun);
}

static const char *try_host(struct shim_host *host)
{
	struct ufs_hba *hba = host->hba;
	const char *why = shim_policy_refuses(hba);
	struct scsi_device *wlun;

	if (why)
		return why;
	if (pm_runtime_resume_and_get(hba->dev) < 0)
		return "it cannot be resumed";
	wlun = wake_link(hba);
	why = "its clocks cannot be switched on";
	if (!compat_ufs_hold(hba)) {
		why = ufs_engine_read(&host->engine, hba);
		if (!why) {
			report(host);
			why = shim_policy_only_reports();
		}
		if (!why)
			why = take_over(host);
		ufshcd_release(hba);
	}
	leave_link(wlun);
	pm_runtime_put(hba->dev);
	return why;
}

static struct shim_host *find_host(const struct device *dev)
{
	struct shim_host *host;

	lockdep_assert_held(&hosts_lock);
	list_for_each_entry(host, &hosts, list) {
		if (host->dev == dev)
			return host;
	}
	return NULL;
}

/**
 * shim_is_ufs() - does a SCSI device belong to a UFS host?
 * @sdev: the device
 *
 * Context: any context.
 * Return: whether its host is ufshcd's.
 */
bool shim_is_ufs(struct scsi_device *sdev)
{
	const char *name = sdev->host->hostt->proc_name;

	return name && !strcmp(name, "ufshcd");
}

static struct ufs_hba *hba_of(struct scsi_device *sdev)
{
	return shim_is_ufs(sdev) ? shost_priv(sdev->host) : NULL;
}

/**
 * shim_host_device() - the host controller's device
 * @sdev: a SCSI device of a UFS host
 *
 * Context: any context.
 * Return: what the host driver is bound to.
 */
struct device *shim_host_device(struct scsi_device *sdev)
{
	return hba_of(sdev)->dev;
}

/**
 * shim_host_seen() - there is a SCSI device, perhaps of a UFS host
 * @sdev: the device
 *
 * Context: process context, may sleep. The device stays.
 */
void shim_host_seen(struct scsi_device *sdev)
{
	struct ufs_hba *hba = hba_of(sdev);
	struct shim_host *host;

	if (!hba)
		return;
	mutex_lock(&hosts_lock);
	if (find_host(hba->dev))
		goto unlock;
	host = kzalloc(sizeof(*host), GFP_KERNEL);
	if (!host)
		goto unlock;
	host->hba = hba;
	host->dev = hba->dev;
	host->name = dev_name(host->dev);
	mutex_init(&host->lock);
	mutex_init(&host->leaving);
	INIT_LIST_HEAD(&host->disks);
	host->refused = try_host(host);
	if (host->refused)
		pr_info("%s: not used: %s\n", host->name, host->refused);
	list_add(&host->list, &hosts);
	shim_debugfs_add(host);
unlock:
	mutex_unlock(&hosts_lock);
}

/**
 * shim_disk_added() - a disk's driver is bound
 * @sdev: the disk's SCSI device
 *
 * Context: process context, may sleep; the disk's driver stays bound. May be
 *	called again for the same.
 */
void shim_disk_added(struct scsi_device *sdev)
{
	struct gendisk *disk = sdev->request_queue->disk;
	struct ufs_hba *hba = hba_of(sdev);
	struct shim_host *host;
	struct shim_disk *sd;

	if (!hba || !disk)
		return;
	mutex_lock(&hosts_lock);
	host = find_host(hba->dev);
	if (!host || host->refused || host->going)
		goto unlock;
	sd = kzalloc(sizeof(*sd), GFP_KERNEL);
	if (!sd)
		goto unlock;
	sd->disk = disk;
	if (ksm_register(host->ksm, disk)) {
		kfree(sd);
	} else {
		list_add(&sd->list, &host->disks);
		pr_info("%s: %s has a keyslot manager\n", host->name,
			disk->disk_name);
	}
unlock:
	mutex_unlock(&hosts_lock);
}

/**
 * shim_disks_show() - list a host's disks that have been registered
 * @host: the host
 * @m: where to
 *
 * Context: process context, may sleep.
 */
void shim_disks_show(const struct shim_host *host, struct seq_file *m)
{
	const struct shim_disk *sd;

	mutex_lock(&hosts_lock);
	list_for_each_entry(sd, &host->disks, list)
		seq_printf(m, "disk %s\n", sd->disk->disk_name);
	mutex_unlock(&hosts_lock);
}

/* ---- going ---- */

/* The next of a host's disks that have been registered, or @only that one. */
static struct gendisk *take_disk(struct shim_host *host,
				 const struct gendisk *only)
{
	struct gendisk *disk = NULL;
	struct shim_disk *sd;

	mutex_lock(&hosts_lock);
	list_for_each_entry(sd, &host->disks, list) {
		if (only && sd->disk != only)
			continue;
		disk = sd->disk;
		list_del(&sd->list);
		kfree(sd);
		break;
	}
	mutex_unlock(&hosts_lock);
	return disk;
}

/*
 * I/O to a disk that sleeps waits in its queue until it wakes up. If it cannot,
 * nobody would end that before its driver is unbound, which waits for this.
 */
static void drop_disk(struct shim_host *host, struct gendisk *disk)
{
	struct device *dev = disk_to_dev(disk)->parent;

	/* An error may also be of a suspension that failed: it is awake then. */
	if (pm_runtime_get_sync(dev) < 0 && !pm_runtime_active(dev))
		blk_mark_disk_dead(disk);
	ksm_unregister(host->ksm, disk);
	pm_runtime_put(dev);
}

/* Waits for I/O; what it needs of the host stays until the host has gone. */
static void drop_disks(struct shim_host *host, const struct gendisk *only)
{
	struct gendisk *disk;

	lockdep_assert_held(&host->leaving);
	while ((disk = take_disk(host, only)))
		drop_disk(host, disk);
}

/**
 * shim_disk_going() - a disk's driver is about to be unbound
 * @sdev: the disk's SCSI device
 *
 * Context: process context, may sleep.
 */
void shim_disk_going(struct scsi_device *sdev)
{
	const struct gendisk *disk = sdev->request_queue->disk;
	struct ufs_hba *hba = hba_of(sdev);
	struct shim_host *host;

	if (!hba || !disk)
		return;
	/* The host does not go while a disk of it does. */
	mutex_lock(&hosts_lock);
	host = find_host(hba->dev);
	mutex_unlock(&hosts_lock);
	if (!host)
		return;
	mutex_lock(&host->leaving);
	drop_disks(host, disk);
	mutex_unlock(&host->leaving);
}

static void drop_ksm(struct shim_host *host)
{
	struct ksm *ksm;

	lockdep_assert_held(&host->leaving);
	mutex_lock(&host->lock);
	ksm = host->ksm;
	host->ksm = NULL;
	mutex_unlock(&host->lock);
	if (ksm)
		ksm_destroy(ksm);
}

/**
 * shim_host_going() - a device's driver is about to be unbound
 * @dev: the device, perhaps a host
 *
 * The host still works, so its keys are removed and I/O in flight ends as usual.
 *
 * Context: process context, may sleep.
 */
void shim_host_going(struct device *dev)
{
	struct shim_host *host;

	mutex_lock(&hosts_lock);
	host = find_host(dev);
	if (host)
		host->going = true;
	mutex_unlock(&hosts_lock);
	if (!host)
		return;
	mutex_lock(&host->leaving);
	drop_disks(host, NULL);
	drop_ksm(host);
	mutex_unlock(&host->leaving);
}

static void free_host(struct shim_host *host)
{
	free_percpu(host->counts);
	mutex_destroy(&host->lock);
	mutex_destroy(&host->leaving);
	kfree(host);
}

/*
 * Its driver has gone. It still has a keyslot manager if it was first seen in
 * the midst of that; its registers are not there any more.
 */
static void leave(struct shim_host *host)
{
	WRITE_ONCE(host->unbound, true);
	mutex_lock(&host->leaving);
	drop_disks(host, NULL);
	drop_ksm(host);
	mutex_unlock(&host->leaving);
	shim_commands_unwatch(host);
	shim_hooks_forget(host);
	scsi_host_put(host->hba->host);
}

/**
 * shim_host_gone() - a device's driver has been unbound
 * @dev: the device, perhaps a host
 *
 * Context: process context, may sleep; called by a bus's notifier, from which
 *	the module's exit removes itself before its code goes away.
 */
void shim_host_gone(struct device *dev)
{
	struct shim_host *host;
	bool used;

	mutex_lock(&hosts_lock);
	host = find_host(dev);
	if (host)
		list_del(&host->list);
	mutex_unlock(&hosts_lock);
	if (!host)
		return;
	/* Who reads there looks at ufshcd's part of the host, too. */
	shim_debugfs_remove(host);
	used = !host->refused;
	if (used)
		leave(host);
	free_host(host);
	if (used)
		module_put(THIS_MODULE);
}

/**
 * shim_hosts_forget() - the module is going
 *
 * Context: process context, may sleep; nothing else of this file runs any more.
 */
void shim_hosts_forget(void)
{
	struct shim_host *host, *next;

	list_for_each_entry_safe(host, next, &hosts, list) {
		list_del(&host->list);
		shim_debugfs_remove(host);
		free_host(host);
	}
}
