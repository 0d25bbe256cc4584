/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of device mapper. */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h> /* the commands of dm-ioctl.h */

#include <linux/dm-ioctl.h>

#include "mappings.h"

extern char *buf; /* of the call that is being made */

void open_control(void);
struct dm_ioctl *call_begin(const char *name);
int call(unsigned long command, struct dm_ioctl *io);
void put_spec(char **at, uint64_t begin, uint64_t len, const char *type,
	      const char *line);
int call_load(struct dm_ioctl *io, const char *end, unsigned int nr,
	      bool readonly);
void check_state(struct name *n);

#endif
