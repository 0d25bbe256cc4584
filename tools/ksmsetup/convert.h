/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command convert.
 */
#ifndef KSMSETUP_CONVERT_H
#define KSMSETUP_CONVERT_H

#include "options.h"

int mapping_convert(const struct options *options, char **words);

#endif /* KSMSETUP_CONVERT_H */
