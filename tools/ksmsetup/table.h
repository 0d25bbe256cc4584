/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table and status lines of the targets ksm and crypt, see docs/table.md.
 */
#ifndef KSMSETUP_TABLE_H
#define KSMSETUP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "dm.h"
#include "options.h"
#include "volume.h"

/**
 * struct table - a parsed table line
 * @cipher: points into @text, as all that follow
 * @key: a reference, or something else if it is not in a keyring
 * @device: major:minor or a path
 * @options: the words after their number
 * @iv_offset: in sectors of 512 bytes
 * @offset: likewise
 * @option_count: of @options
 * @text: a copy of the line
 */
struct table {
	const char *cipher, *key, *device, *options[24];
	uint64_t iv_offset, offset;
	int option_count;
	char text[1024];
};

/**
 * struct status - a parsed status line of ksm
 * @path: "software" or "hardware"
 * @engine: the cipher's implementation or the keyslot manager
 * @why: the word after hw:
 * @key_set: it has a key
 * @names: of counters, in their order
 * @values: of them
 * @count: how many
 * @text: a copy of the line
 */
struct status {
	const char *path, *engine, *why, *names[24];
	uint64_t values[24];
	int count;
	bool key_set;
	char text[1024];
};

int table_make(const struct volume *volume, const char *key, const char *hw,
	       struct dm_line *line);
int table_parse(struct table *table, const char *params);
const char *table_option(const struct table *table, const char *name);
int status_parse(struct status *status, const char *params);

#endif /* KSMSETUP_TABLE_H */
