/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The volume key of a LUKS volume, by a token, a key file or a passphrase.
 */
#ifndef KSMSETUP_UNLOCK_H
#define KSMSETUP_UNLOCK_H

#include <libcryptsetup.h>

#include "options.h"
#include "secret.h"

int unlock(struct crypt_device *cd, const struct options *options,
	   struct secret *key);

#endif /* KSMSETUP_UNLOCK_H */
