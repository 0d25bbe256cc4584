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

	return compat_ufs_hold(host->hba);
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
	struct ksm *ksm;

	if (!ufs_engine_enable(&host->engine))
		return "its engine cannot be switched on (HCE.CGE stays 0)";
	host->counts = alloc_percpu(struct shim_counts);
	if (!host->counts)
		return "no memory";
	if (shim_commands_watch(host))
		return "its commands cannot be watched";
	ksm = make_ksm(host);
	if (IS_ERR(ksm)) {
		shim_commands_unwatch(host);
		return "no memory";
	}
	/*
	 * The point of no return. With a reference to it the host is not freed
	 * while its commands are watched, and no other gets its address.
	 */
	__module_get(THIS_MODULE);
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
}

static const char *try_host(struct shim_host *host)
{
	struct ufs_hba *hba = host->hba;
	const char *why = shim_policy_refuses(hba);

	if (why)
		return why;
	if (pm_runtime_resume_and_get(hba->dev) < 0)
		return "it cannot be resumed";
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
 * Context: process context, may sleep. May be called again for the same.
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

/* Waits for I/O; what it needs of the host stays until the host has gone. */
static void drop_disks(struct shim_host *host, struct list_head *disks)
{
	struct shim_disk *sd, *next;

	list_for_each_entry_safe(sd, next, disks, list) {
		ksm_unregister(host->ksm, sd->disk);
		kfree(sd);
	}
}

/**
 * shim_disk_going() - a disk's driver is about to be unbound
 * @sdev: the disk's SCSI device
 *
 * Context: process context, may sleep.
 */
void shim_disk_going(struct scsi_device *sdev)
{
	struct ufs_hba *hba = hba_of(sdev);
	struct shim_disk *sd, *next;
	struct shim_host *host;
	LIST_HEAD(disks);

	if (!hba)
		return;
	mutex_lock(&hosts_lock);
	host = find_host(hba->dev);
	if (host) {
		list_for_each_entry_safe(sd, next, &host->disks, list) {
			if (sd->disk == sdev->request_queue->disk)
				list_move(&sd->list, &disks);
		}
	}
	mutex_unlock(&hosts_lock);
	if (host)
		drop_disks(host, &disks);
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
	LIST_HEAD(disks);
	struct ksm *ksm;

	mutex_lock(&hosts_lock);
	host = find_host(dev);
	if (host) {
		host->going = true;
		list_splice_init(&host->disks, &disks);
	}
	mutex_unlock(&hosts_lock);
	if (!host || !host->ksm)
		return;
	drop_disks(host, &disks);
	mutex_lock(&host->lock);
	ksm = host->ksm;
	host->ksm = NULL;
	mutex_unlock(&host->lock);
	ksm_destroy(ksm);
}

static void free_host(struct shim_host *host)
{
	shim_debugfs_remove(host);
	free_percpu(host->counts);
	mutex_destroy(&host->lock);
	kfree(host);
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
	used = !host->refused;
	if (used) {
		shim_commands_unwatch(host);
		shim_hooks_forget(host);
		scsi_host_put(host->hba->host);
	}
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
		free_host(host);
	}
}
