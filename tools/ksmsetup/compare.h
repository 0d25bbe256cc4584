/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a key is that of a live mapping, by what is read with it.
 */
#ifndef KSMSETUP_COMPARE_H
#define KSMSETUP_COMPARE_H

#include "dm.h"

int compare_with(const char *name, const struct dm_line *line);

#endif /* KSMSETUP_COMPARE_H */
