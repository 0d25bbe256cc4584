/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device mapper's uuid of a mapping, which names the volume. It is made as cryptsetup makes
 * it, so that what looks for encrypted devices (udev's rules, lsblk) finds these, too.
 */
#ifndef KSMSETUP_IDENTITY_H
#define KSMSETUP_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "volume.h"

void identity_make(const struct volume *volume, const char *name, char *uuid,
		   size_t size);
bool identity_is(const char *uuid, const struct volume *volume);

#endif /* KSMSETUP_IDENTITY_H */
