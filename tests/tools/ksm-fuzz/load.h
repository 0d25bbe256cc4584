/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables are given to the kernel. */
#ifndef LOAD_H
#define LOAD_H

void do_load(unsigned int self);

#endif
