/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Those who wait for a slot: first come, first served.
 */
#ifndef _KSM_CORE_WAIT_H
#define _KSM_CORE_WAIT_H

#include <linux/list.h>
#include <linux/types.h>

struct ksm;
struct ksm_key;
struct task_struct;

/**
 * struct ksm_waiter - a task that waits for a slot
 * @list: in struct ksm's waiters
 * @task: the task
 * @tried: it has tried since it is the first
 */
struct ksm_waiter {
	struct list_head list;
	struct task_struct *task;
	bool tried;
};

void ksm_slot_wake_first(struct ksm *ksm);
void ksm_wait_join(struct ksm *ksm, struct ksm_waiter *waiter,
		   const struct ksm_key *key);
void ksm_wait_leave(struct ksm *ksm, struct ksm_waiter *waiter);
bool ksm_wait_is_first(struct ksm *ksm, struct ksm_waiter *waiter);
void ksm_wait_for_turn(struct ksm *ksm, struct ksm_waiter *waiter);
void ksm_wait_close_slots(struct ksm *ksm);
void ksm_wait_wake_all(struct ksm *ksm);

#endif /* _KSM_CORE_WAIT_H */
