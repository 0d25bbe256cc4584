/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls with which there is something wrong besides the line. */
#ifndef STRANGE_H
#define STRANGE_H

void do_strange(unsigned int self);

#endif
