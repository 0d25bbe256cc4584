/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to end which are no success. */
#ifndef DIE_H
#define DIE_H

__attribute__((format(printf, 2, 3), noreturn)) void die(int status,
							 const char *fmt, ...);
__attribute__((noreturn)) void die_openssl(const char *what);

#endif
