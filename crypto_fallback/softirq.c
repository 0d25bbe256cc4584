// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small reads that ended in a hard irq, on their way to the softirq that
 * decrypts them on the same CPU right after it. A worker would cost a change of
 * threads there and one back, more than half of what the cipher takes.
 *
 * Why tasklets, which are not popular: a work item for the BH workqueues (6.9)
 * costs 1000 instructions more, and 6.1 does not have them.
 */
#include <linux/interrupt.h>
#include <linux/llist.h>
#include <linux/percpu.h>

#include <ksm/fallback.h>

#include "io.h"
#include "softirq.h"

/* One run takes as many; other softirqs come before the next run. */
#define KSM_SOFTIRQ_READS 32

/**
 * struct ksm_softirq - reads of one CPU
 * @added: the last one first
 * @rest: what has been taken from @added and not been done yet, in order; only
 *	@tasklet looks at it, which runs on one CPU at a time
 * @tasklet: runs when there are any
 */
struct ksm_softirq {
	struct llist_head added;
	struct llist_node *rest;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct ksm_softirq, ksm_softirqs);

/* The oldest of @added, and those after it. Mostly there is one. */
static struct llist_node *take_all(struct llist_head *added)
{
	struct llist_node *node;

	if (llist_empty(added))
		return NULL;
	node = llist_del_all(added);
	return node->next ? llist_reverse_order(node) : node;
}

static void run(struct tasklet_struct *tasklet)
{
	struct ksm_softirq *soft =
		container_of(tasklet, struct ksm_softirq, tasklet);
	struct llist_node *node = soft->rest;
	unsigned int nr;

	for (nr = 0; nr < KSM_SOFTIRQ_READS; nr++) {
		struct ksm_fallback_io *io;

		if (!node)
			node = take_all(&soft->added);
		if (!node)
			break;
		io = llist_entry(node, struct ksm_fallback_io, soon);
		/* It may be gone after the next call. */
		node = node->next;
		ksm_io_decrypt_soon(io);
	}
	soft->rest = node;
	if (node || !llist_empty(&soft->added))
		tasklet_schedule(tasklet);
}

/**
 * ksm_softirq_init() - when the module is loaded
 */
void ksm_softirq_init(void)
{
	struct ksm_softirq *soft;
	int cpu;

	for_each_possible_cpu(cpu) {
		soft = per_cpu_ptr(&ksm_softirqs, cpu);
		init_llist_head(&soft->added);
		tasklet_setup(&soft->tasklet, run);
	}
}

/**
 * ksm_softirq_exit() - when the module is unloaded
 *
 * No read is left, but the tasklet that ended the last one may not have ended.
 */
void ksm_softirq_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&ksm_softirqs, cpu)->tasklet);
}

/**
 * ksm_softirq_add() - have a read decrypted in a softirq
 * @io: its state
 *
 * Context: interrupts are off.
 */
void ksm_softirq_add(struct ksm_fallback_io *io)
{
	struct ksm_softirq *soft = this_cpu_ptr(&ksm_softirqs);

	/* If there were others, the tasklet is on its way. */
	if (llist_add(&io->soon, &soft->added))
		tasklet_schedule(&soft->tasklet);
}
