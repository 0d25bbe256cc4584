/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log. */
#ifndef KLOG_H
#define KLOG_H

extern char klog[]; /* what came in it in this step */

void open_log(void);
void read_log(void);
void mark_log(unsigned long steps, unsigned long given);
void report_texts(void);

#endif
