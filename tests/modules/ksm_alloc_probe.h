/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_alloc_probe: whether ciphers can be allocated on the data path. See
 * docs/cipher-allocation.md and the suite cipher_alloc.
 */
#ifndef _KSM_ALLOC_PROBE_H
#define _KSM_ALLOC_PROBE_H

#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#define KSM_PROBE_KEY_SIZE 64

/* Exported by the kernel for its own modules, in headers that only it has. */
extern struct rw_semaphore crypto_alg_sem;
void crypto_alg_tested(const char *name, int err);

int ksm_probe_register(const char *command);
int ksm_probe_register_init(void);
void ksm_probe_register_exit(void);

void ksm_lazy_squeeze(bool on);
void ksm_lazy_arm(void);
void ksm_lazy_disarm(void);
bool ksm_lazy_is_stuck(void);
int ksm_lazy_show(struct seq_file *m, void *unused);
int ksm_lazy_init(void);
void ksm_lazy_exit(void);

int ksm_watch_show(struct seq_file *m, void *unused);
int ksm_watch_init(void);
void ksm_watch_exit(void);

#endif /* _KSM_ALLOC_PROBE_H */
