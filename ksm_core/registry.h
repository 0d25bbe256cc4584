/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which disk has which keyslot manager, and who uses what.
 */
#ifndef _KSM_CORE_REGISTRY_H
#define _KSM_CORE_REGISTRY_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

struct block_device;
struct gendisk;
struct ksm;
struct ksm_caps;
struct ksm_client;

/**
 * enum ksm_disk_state - whether bios for a disk may have contexts
 * @KSM_DISK_OPEN: yes
 * @KSM_DISK_FROZEN: not before it is thawed
 * @KSM_DISK_GONE: no more, the disk has been unregistered
 */
enum ksm_disk_state {
	KSM_DISK_OPEN,
	KSM_DISK_FROZEN,
	KSM_DISK_GONE,
};

/**
 * struct ksm_disk - a disk that has a keyslot manager
 * @list: in the registry, under ksm_topology
 * @ref: references: the registry's and one per client
 * @ksm: the manager
 * @disk: the disk; not to be dereferenced once it is %KSM_DISK_GONE
 * @state: written under ksm_topology
 */
struct ksm_disk {
	struct list_head list;
	struct kref ref;
	struct ksm *ksm;
	struct gendisk *disk;
	enum ksm_disk_state state;
};

int ksm_client_join(struct ksm_client *client, struct block_device *bdev,
		    const struct ksm_caps *need);
void ksm_client_leave(struct ksm_client *client);

#endif /* _KSM_CORE_REGISTRY_H */
