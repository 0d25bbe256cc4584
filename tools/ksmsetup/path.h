/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which way the data of a mapping takes, in words for people.
 */
#ifndef KSMSETUP_PATH_H
#define KSMSETUP_PATH_H

#include <stddef.h>

#include "table.h"

const char *path_explain(const struct status *status,
			 const struct table *table);

#endif /* KSMSETUP_PATH_H */
