/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands that make, change and remove mappings.
 */
#ifndef KSMSETUP_MAPPING_H
#define KSMSETUP_MAPPING_H

#include "dm.h"
#include "options.h"

int mapping_open(const struct options *options, char **words);
int mapping_check(const struct options *options, const char *device,
		  const char *name, const struct dm_state *state);
int mapping_close(const struct options *options, char **words);
int mapping_suspend(const struct options *options, char **words);
int mapping_resume(const struct options *options, char **words);

#endif /* KSMSETUP_MAPPING_H */
