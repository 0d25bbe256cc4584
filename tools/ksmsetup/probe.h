/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command probe.
 */
#ifndef KSMSETUP_PROBE_H
#define KSMSETUP_PROBE_H

#include "options.h"
#include "table.h"
#include "volume.h"

int probe_once(const struct volume *volume, struct status *status,
	       struct table *table);
int device_probe(const struct options *options, char **words);

#endif /* KSMSETUP_PROBE_H */
