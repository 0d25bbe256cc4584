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
 * struct ksm_disk - a disk that has a keyslot manager
 * @list: in the registry, under ksm_topology
 * @ref: references: the registry's and one per client
 * @ksm: the manager
 * @disk: the disk; not to be dereferenced once it is @gone
 * @gone: the disk has been unregistered, no contexts for it any more
 * @frozen: no contexts for it before it is thawed
 */
struct ksm_disk {
	struct list_head list;
	struct kref ref;
	struct ksm *ksm;
	struct gendisk *disk;
	bool gone;
	bool frozen;
};

int ksm_client_join(struct ksm_client *client, struct block_device *bdev,
		    const struct ksm_caps *need);
void ksm_client_leave(struct ksm_client *client);

#endif /* _KSM_CORE_REGISTRY_H */
