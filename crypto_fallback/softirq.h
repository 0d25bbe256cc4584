/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From hard irq to softirq.
 */
#ifndef _KSM_SOFTIRQ_H
#define _KSM_SOFTIRQ_H

struct ksm_fallback_io;

void ksm_softirq_init(void);
void ksm_softirq_exit(void);
void ksm_softirq_add(struct ksm_fallback_io *io);

#endif /* _KSM_SOFTIRQ_H */
