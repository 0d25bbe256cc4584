/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Volumes without a header: what has to be told, and their key.
 */
#ifndef KSMSETUP_PLAIN_H
#define KSMSETUP_PLAIN_H

#include "options.h"
#include "secret.h"

int plain_check(const struct options *options);
int plain_key(const struct options *options, const char *device,
	      struct secret *key);

#endif /* KSMSETUP_PLAIN_H */
