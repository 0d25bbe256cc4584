// SPDX-License-Identifier: GPL-2.0-only
/* A second reading of docs/table.md: keys. */
#include <stdio.h>
#include <string.h>

#include "causes.h"
#include "fuzz.h"
#include "keys.h"
#include "oracle_keys.h"
#include "parse.h"

/* What is wrong with a reference to a key; @size is set if it has one. */
static uint64_t reference_wrong(const char *word, unsigned int *size)
{
	static const char *const types[] = { "logon:", "user:", "encrypted:",
					     "trusted:" };
	const char *type = strchr(word + 1, ':'), *desc, *c;
	char digits[8] = "";
	unsigned int i;
	uint64_t value;

	/* No key has a size of eight digits. */
	if (!type || type - word - 1 >= (int)sizeof(digits))
		return BIT(REFERENCE);
	memcpy(digits, word + 1, type - word - 1);
	if (!number(digits, UINT32_MAX, &value))
		return BIT(REFERENCE);
	type++;
	desc = strchr(type, ':');
	if (!desc || desc == type || !desc[1])
		return BIT(REFERENCE);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strncmp(type, types[i], strlen(types[i])))
			break;
	if (i == ARRAY_SIZE(types))
		return BIT(KEY_TYPE);
	if (!strcmp(types[i], "trusted:"))
		return BIT(KEY_TYPE_LACKS);
	for (c = type; *c; c++)
		if (is_space(*c))
			return BIT(KEY_SPACE);
	*size = value;
	for (i = 0; i < nr_ring; i++) {
		if (strncmp(type, ring[i].type, desc - type) ||
		    strcmp(desc + 1, ring[i].desc) || ring[i].absent)
			continue;
		/* The kernel forgets them after five minutes. */
		if (ring[i].revoked)
			return BIT(KEY_REVOKED) | BIT(KEY_NOT_FOUND);
		return ring[i].size == value ? 0 : BIT(KEY_RING_SIZE);
	}
	return BIT(KEY_NOT_FOUND);
}

/* What is wrong with a key; @size is set to its size, or 0 if it has none. */
uint64_t key_wrong(const char *word, unsigned int *size)
{
	size_t len = strlen(word);

	*size = 0;
	if (!strcmp(word, ":redacted:"))
		return BIT(REDACTED);
	if (*word == ':')
		return reference_wrong(word, size);
	if (!strcmp(word, "-"))
		return BIT(NO_KEY_GIVEN);
	if (len % 2)
		return BIT(KEY_ODD);
	*size = len / 2;
	if (strspn(word, "0123456789abcdefABCDEF") != len)
		return BIT(KEY_HEX);
	return 0;
}

void keep_key(struct target *t, const char *word)
{
	snprintf(t->key, sizeof(t->key), "%s", word);
	t->redacted = *word != ':';
	t->has_key = true;
}
