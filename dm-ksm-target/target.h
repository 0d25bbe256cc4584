/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device-mapper target "ksm".
 */
#ifndef _DM_KSM_TARGET_H
#define _DM_KSM_TARGET_H

#include <linux/device-mapper.h>
#include <linux/mutex.h>

#include <ksm/fallback.h>

#include "hardware.h"
#include "keyref.h"
#include "table.h"

/**
 * struct ksm_target - one target of a table
 * @line: what the table line says
 * @dev: the device below
 * @len: length of the target, in sectors
 * @key: where the key came from; what TABLE shows
 * @fb: the software path
 * @hw: the hardware path
 * @max_write: size limit of an encrypted write, in sectors
 * @zoned: @dev is zoned
 * @lock: serializes what sets or needs the key as a whole: messages and
 *	resuming. Device mapper does not do that for us.
 * @key_valid: @fb has a key; under @lock
 * @suspended: I/O is stopped and will stay so; under @lock
 */
struct ksm_target {
	struct ksm_line line;
	struct dm_dev *dev;
	sector_t len;
	struct ksm_keyref key;
	struct ksm_fallback *fb;
	struct ksm_hw hw;
	unsigned int max_write;
	bool zoned;
	struct mutex lock; /* see above */
	bool key_valid;
	bool suspended;
};

extern struct target_type ksm_target_type;

#endif /* _DM_KSM_TARGET_H */
