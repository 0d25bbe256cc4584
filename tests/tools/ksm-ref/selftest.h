/* SPDX-License-Identifier: GPL-2.0-only */
/* Proof that the ciphers, the numbers of data units and the pattern are right. */
#ifndef SELFTEST_H
#define SELFTEST_H

int cmd_selftest(void);

#endif
