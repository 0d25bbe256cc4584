/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages: written, read a second time, given to the kernel. */
#ifndef MESSAGES_H
#define MESSAGES_H

void do_message(unsigned int self);

#endif
