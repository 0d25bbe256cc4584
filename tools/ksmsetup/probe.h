/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command probe.
 */
#ifndef KSMSETUP_PROBE_H
#define KSMSETUP_PROBE_H

#include "options.h"

int device_probe(const struct options *options, char **words);

#endif /* KSMSETUP_PROBE_H */
