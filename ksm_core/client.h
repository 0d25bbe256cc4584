/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who submits bios with contexts to one block device.
 */
#ifndef _KSM_CORE_CLIENT_H
#define _KSM_CORE_CLIENT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <ksm/context.h>

struct ksm_disk;

/**
 * struct ksm_client - a submitter of bios with contexts
 * @ksm: the manager below
 * @disk: the disk below
 * @start: where the device begins on it, in sectors
 * @tag: hint in the I/O priority of its bios, which keeps others from being
 *	merged with them; 0 if there was none left
 * @nomerge: others have been merged with its bios nevertheless
 * @ordered: bios must not overtake those that wait for a slot
 * @upper: the manager that it forwards for, NULL for the origin of contexts
 * @failed: the submitter's callback
 * @list: in @ksm's clients, under ksm_topology
 * @need: what it uses
 * @wq: runs @work, which may wait for slots
 * @work: submits what is @waiting
 * @lock: protects @waiting, @waiting_end, @busy
 * @waiting: contexts of bios that wait for a slot or a frozen disk, or have
 *	waited for another bio
 * @waiting_end: where the next one goes
 * @busy: there are such bios, or some that have not been submitted yet
 * @stats: counters per CPU
 */
struct ksm_client {
	struct ksm *ksm;
	struct ksm_disk *disk;
	sector_t start;
	unsigned int tag;
	bool nomerge;
	bool ordered;
	struct ksm *upper;
	void (*failed)(struct ksm_ctx *ctx, int err);
	struct list_head list;
	struct ksm_caps need;
	struct workqueue_struct *wq;
	struct work_struct work;
	spinlock_t lock; /* see above */
	struct ksm_ctx *waiting;
	struct ksm_ctx **waiting_end;
	bool busy;
	struct ksm_client_stats __percpu *stats;
};

void ksm_client_thaw(struct ksm_client *client);
void ksm_client_add_waiting(struct ksm_ctx *ctx);

#endif /* _KSM_CORE_CLIENT_H */
