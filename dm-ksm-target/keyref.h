/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys as tables and messages give them: hex digits or a key in a keyring.
 */
#ifndef _DM_KSM_KEYREF_H
#define _DM_KSM_KEYREF_H

#include <linux/types.h>

/* Shown in TABLE lines in place of hex digits. */
#define KSM_KEY_REDACTED ":redacted:"

/**
 * struct ksm_keyref - a key of a table or message
 * @size: bytes of raw key
 * @name: "<type>:<description>" of a key in a keyring, NULL for hex digits
 */
struct ksm_keyref {
	unsigned int size;
	char *name;
};

int ksm_keyref_parse(struct ksm_keyref *ref, const char *arg, char **error);
int ksm_keyref_read(const struct ksm_keyref *ref, const char *arg, u8 *raw,
		    char **error);
void ksm_keyref_exit(struct ksm_keyref *ref);
void ksm_keyref_wipe_arg(char *arg);
bool ksm_keyref_is_misplaced(char *arg);

#endif /* _DM_KSM_KEYREF_H */
