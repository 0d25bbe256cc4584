// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device mapper's uuid of a mapping: CRYPT-<type>-<uuid of the volume, if any>-<name>
 */
#include <stdio.h>
#include <string.h>

#include "identity.h"

static int prefix(const struct volume *v, char *text, size_t size)
{
	char digits[sizeof(v->uuid)], *to = digits;
	const char *from;

	for (from = v->uuid; *from; from++)
		if (*from != '-')
			*to++ = *from;
	*to = 0;
	return snprintf(text, size, "CRYPT-%s-%s%s", v->type, digits,
			*digits ? "-" : "");
}

void identity_make(const struct volume *volume, const char *name, char *uuid,
		   size_t size)
{
	int len = prefix(volume, uuid, size);

	snprintf(uuid + len, size - len, "%s", name);
}

/* identity_is() - the mapping, whatever its name is by now, is one of this volume */
bool identity_is(const char *uuid, const struct volume *volume)
{
	char text[128];
	int len = prefix(volume, text, sizeof(text));

	return !strncmp(uuid, text, len);
}
