/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command status.
 */
#ifndef KSMSETUP_STATUS_H
#define KSMSETUP_STATUS_H

#include "options.h"

int mapping_status(const struct options *options, char **words);

#endif /* KSMSETUP_STATUS_H */
