/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A UFS host controller from when it is seen until it goes.
 */
#ifndef _UFS_SHIM_HOST_H
#define _UFS_SHIM_HOST_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <scsi/scsi_device.h>
#include <ufs/ufshcd.h>

#include <ksm/keyslot.h>

#include "engine.h"

struct seq_file;

/**
 * struct shim_counts - commands sent, per processor
 * @tagged: with a slot and a data unit number
 * @plain: reads, writes and others of disks, without
 */
struct shim_counts {
	u64 tagged;
	u64 plain;
};

/**
 * struct shim_host - a host controller
 * @list: in the list of hosts
 * @hba: ufshcd's; not to be followed any more when its driver is unbound
 * @dev: its device
 * @name: the device's name
 * @refused: why its engine is not used; NULL if it is
 * @going: its driver is being unbound
 * @unbound: it has been; the controller must not be touched
 * @engine: its registers
 * @engine_on: HCE.CGE is set; false from the moment it was found to be lost
 * @ksm: its keyslot manager. Changed with @lock held.
 * @lock: orders what happens at a reset against coming and going
 * @leaving: held while disks are taken away from the manager, and for the
 *	manager itself to go
 * @disks: its disks that have been registered (struct shim_disk)
 * @vops: what its driver's operations were
 * @our_vops: what they are now, see hooks.c
 * @debugfs: its folder
 * @counts: see there
 * @mixed: requests that were made to fail because their bios disagreed
 * @unexplained: commands that were made to fail because nothing was known of
 *	them, or because the engine was off
 * @resets: how often its keyslots were programmed anew
 */
struct shim_host {
	struct list_head list;
	struct ufs_hba *hba;
	struct device *dev;
	const char *name;
	const char *refused;
	bool going;
	bool unbound;
	struct ufs_engine engine;
	bool engine_on;
	struct ksm *ksm;
	/* see above */
	struct mutex lock;
	/* see above */
	struct mutex leaving;
	struct list_head disks;
	const struct ufs_hba_variant_ops *vops;
	struct ufs_hba_variant_ops our_vops;
	struct dentry *debugfs;
	struct shim_counts __percpu *counts;
	atomic64_t mixed;
	atomic64_t unexplained;
	atomic64_t resets;
};

bool shim_is_ufs(struct scsi_device *sdev);
struct device *shim_host_device(struct scsi_device *sdev);

void shim_host_seen(struct scsi_device *sdev);
void shim_host_going(struct device *dev);
void shim_host_gone(struct device *dev);
void shim_hosts_forget(void);

void shim_disk_added(struct scsi_device *sdev);
void shim_disk_going(struct scsi_device *sdev);
void shim_disks_show(const struct shim_host *host, struct seq_file *m);

void shim_host_reprogram(struct shim_host *host);

#endif /* _UFS_SHIM_HOST_H */
