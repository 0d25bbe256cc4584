/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device mapper, by libdevmapper.
 */
#ifndef KSMSETUP_DM_H
#define KSMSETUP_DM_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct dm_line - a device's only target
 * @start: of the target, in sectors of 512 bytes; other than 0 is refused
 * @length: likewise
 * @target: its type
 * @params: what follows it; the caller's to be freed
 */
struct dm_line {
	uint64_t start, length;
	char target[16], *params;
};

/**
 * struct dm_state - a mapped device
 * @uuid: device mapper's
 * @number: "major:minor"
 * @open_count: how many have it open
 * @readonly: no writes
 * @suspended: by its state
 */
struct dm_state {
	char uuid[130], number[24];
	int open_count;
	bool readonly, suspended;
};

void dm_begin(void);
int dm_say(int err, const char *name, const char *what);
int dm_check_name(const char *name);
int dm_check_target(const char *target);
int dm_make(const char *name, const char *uuid, bool readonly,
	    const struct dm_line *line);
int dm_try(const char *name, bool readonly, const struct dm_line *line);
int dm_load(const char *name, bool readonly, const struct dm_line *line);
int dm_clear(const char *name);
int dm_suspend(const char *name);
int dm_resume(const char *name);
int dm_remove(const char *name, bool deferred);
int dm_message(const char *name, const char *text);
int dm_get_state(const char *name, struct dm_state *state);
bool dm_same_state(const struct dm_state *a, const struct dm_state *b);
int dm_get_line(const char *name, bool status, struct dm_line *line);
void dm_free_line(struct dm_line *line);

#endif /* KSMSETUP_DM_H */
