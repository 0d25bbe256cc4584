/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of the mapped devices and their tables. */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NAMES	    6
#define LOWER_NAMES 2 /* these may be used by the tables of the others */
#define MAX_TARGETS 3

/* What a target lies on, besides the number of a disk or name. */
enum place {
	ON_DISK,
	ON_NAME,
	ON_UNKNOWN,
};

/**
 * struct target - what we know of a target of a table
 * @linear: it is a ksm-linear
 * @other: it is neither that nor a ksm
 * @begin: where it begins in the table
 * @len: its length
 * @place: what it lies on
 * @index: which of these
 * @start: where on it
 * @unit: bytes of a data unit
 * @cipher: as given
 * @key_size: bytes of the key
 * @key: as it can be given again
 * @redacted: TABLE does not show it
 * @has_key: it has one now
 * @require: hw:require
 * @doubtful: its engine has taken no keys since it was resumed
 * @rest: what TABLE shows after the key
 */
struct target {
	bool linear;
	bool other;
	uint64_t begin;
	uint64_t len;
	enum place place;
	unsigned int index;
	uint64_t start;
	unsigned int unit;
	char cipher[64];
	unsigned int key_size;
	char key[192];
	bool redacted;
	bool has_key;
	bool require;
	bool doubtful;
	char rest[512];
};

struct table {
	unsigned int nr;
	bool readonly;
	struct target t[MAX_TARGETS];
};

/**
 * struct name - a mapped device
 * @name: its name
 * @exists: it is there
 * @dev: its number
 * @typed: a table was accepted; device mapper looks at the sizes of devices when
 *	it gets its first one, and of later ones when they are resumed
 * @suspended: it is
 * @active: the table that is in use, none if @nr is 0
 * @inactive: the table that waits for being resumed
 */
struct name {
	char name[16];
	bool exists;
	dev_t dev;
	bool typed;
	bool suspended;
	struct table active;
	struct table inactive;
};

extern struct name names[NAMES];

bool in_use(unsigned int name);
uint64_t name_size(const struct name *n);
bool waits_below(const struct table *table);

#endif
