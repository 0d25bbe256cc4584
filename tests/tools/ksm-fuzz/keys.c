// SPDX-License-Identifier: GPL-2.0-only
/* The keys that are used, in hex digits and in our keyring. */
#define _GNU_SOURCE
#include <err.h>
#include <keyutils.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "keys.h"

/* 64 bytes; any aligned 8 bytes of it in a wrong place give it away. */
const char key_hex[] =
	"c0ffee0011deadbe5ca1ab1e77d15ea5e0f1d2c3b4a5968778695a4b3c2d1e0f"
	"13579bdf02468ace8badf00dfeedface0102030405060708f9e8d7c6b5a49382";

bool leaks(const char *text)
{
	char part[17] = "";
	size_t i;

	for (i = 0; i < strlen(key_hex); i += 16) {
		memcpy(part, key_hex + i, 16);
		if (strcasestr(text, part))
			return true;
	}
	return false;
}

struct ring_key ring[] = {
	{ "logon", "fuzz:64", 64 },
	{ "logon", "fuzz:32", 32 },
	{ "logon", "fuzz:16", 16 },
	{ "user", "fuzz-64", 64 },
	{ "user", "fuzz-32", 32 },
	{ "user", "fuzz-16", 16 },
	{ "user", "back\\slash%s:64", 64 },
	{ "user", "short", 5 },
	{ "logon", "fuzz:revoked", 64, .revoked = true },
	{ "user", "revoked-32", 32, .revoked = true },
	{ "encrypted", "fuzz-enc-64", 64 },
	{ "encrypted", "fuzz-enc-32", 32 },
};

const unsigned int nr_ring = ARRAY_SIZE(ring);

static void make_key(struct ring_key *key, const uint8_t *raw)
{
	key_serial_t id;
	char how[64];

	if (!strcmp(key->type, "encrypted")) {
		snprintf(how, sizeof(how), "new user:fuzz-64 %u", key->size);
		id = add_key(key->type, key->desc, how, strlen(how),
			     KEY_SPEC_USER_KEYRING);
		/* Not all kernels make them. */
		key->absent = id < 0;
		return;
	}
	id = add_key(key->type, key->desc, raw, key->size,
		     KEY_SPEC_USER_KEYRING);
	if (id < 0)
		err(1, "add_key %s:%s", key->type, key->desc);
	if (key->revoked && keyctl_revoke(id))
		err(1, "revoking %s", key->desc);
}

void make_keys(void)
{
	uint8_t raw[64];
	size_t i;

	for (i = 0; i < sizeof(raw); i++)
		if (sscanf(key_hex + 2 * i, "%2hhx", &raw[i]) != 1)
			errx(1, "my key");
	for (i = 0; i < ARRAY_SIZE(ring); i++)
		make_key(&ring[i], raw);
}
