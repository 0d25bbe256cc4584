/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands for volumes of ksmtab(5), which boot uses.
 */
#ifndef KSMSETUP_ATTACH_H
#define KSMSETUP_ATTACH_H

#include "options.h"

int tab_attach(const struct options *options, char **words);
int tab_detach(const struct options *options, char **words);

#endif /* KSMSETUP_ATTACH_H */
