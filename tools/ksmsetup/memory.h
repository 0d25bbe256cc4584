/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program's own memory: what of it may be written to a disk.
 */
#ifndef KSMSETUP_MEMORY_H
#define KSMSETUP_MEMORY_H

void memory_keep_private(void);
int memory_lock(void);
void memory_unlock(void);

#endif /* KSMSETUP_MEMORY_H */
