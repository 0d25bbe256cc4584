/* SPDX-License-Identifier: GPL-2.0-only */
/* What a mapping goes through. */
#ifndef LIFE_H
#define LIFE_H

void do_create(unsigned int self);
void do_suspend(unsigned int self);
void do_resume(unsigned int self);
void do_clear(unsigned int self);
void do_remove(unsigned int self);

#endif
