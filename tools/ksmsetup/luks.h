/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LUKS headers: what they say of a volume, and flags in them.
 */
#ifndef KSMSETUP_LUKS_H
#define KSMSETUP_LUKS_H

#include <libcryptsetup.h>

#include "options.h"
#include "volume.h"

int luks_load(struct crypt_device **cd, const struct options *options,
	      const char *device);
int luks_describe(struct volume *volume, struct crypt_device *cd,
		  uint64_t *sectors);
int luks_check_persistent(struct crypt_device *cd);
int luks_keep_flags(const struct options *options, const char *device);
int luks_parse(struct volume *volume, const char *text, uint64_t *sectors);

#endif /* KSMSETUP_LUKS_H */
