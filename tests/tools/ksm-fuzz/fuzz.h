/* SPDX-License-Identifier: GPL-2.0-only */
/* What many files need. */
#ifndef FUZZ_H
#define FUZZ_H

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define LINE_MAX (80 * 1024) /* of a table or a message */

#endif
