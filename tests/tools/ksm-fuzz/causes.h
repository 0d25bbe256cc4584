/* SPDX-License-Identifier: GPL-2.0-only */
/* Causes of refusal, and whether the kernel named one that there was. */
#ifndef CAUSES_H
#define CAUSES_H

#include <stdbool.h>
#include <stdint.h>

enum cause {
	/* targets */
	FEW,
	COUNT,
	OPTION,
	INTEGRITY,
	SECTOR_SIZE,
	HW,
	IV_NUMBER,
	IV_MULTIPLE,
	IV_WRAPS,
	START_NUMBER,
	START_BEYOND,
	LENGTH_MULTIPLE,
	CIPHER,
	REDACTED,
	REFERENCE,
	KEY_TYPE,
	KEY_TYPE_LACKS,
	KEY_SPACE,
	NO_KEY_GIVEN,
	KEY_ODD,
	KEY_SIZE,
	KEY_HEX,
	KEY_REVOKED,
	KEY_NOT_FOUND,
	KEY_RING_SIZE,
	DEVICE,
	NO_ENGINE,
	LINEAR_ARGS,
	LINEAR_LACKS,
	LINEAR_EARLIER,
	/* messages */
	WORDS,
	LIVE,
	SET_SIZE,
	/* resume */
	NO_KEY_SET,
	ENGINE_FAILS,
	LINEAR_LACKS_NOW,
	/* device mapper's own */
	ZERO_LENGTH,
	GAP,
	UNKNOWN_TYPE,
	MIXED,
	IMMUTABLE,
	TOO_LARGE,
	TOO_SMALL,
	START_ALIGNED,
	LEN_ALIGNED,
	LINE_ALIGNED,
	LAST_ALIGNED,
	NO_TARGETS,
	NO_SPEC,
	EMPTY_MESSAGE,
	OUTSIDE,
	NO_MESSAGES,
	NO_TABLE, /* not said in words */
	CAUSES,
};

#define BIT(cause) (1ULL << (cause))

/**
 * struct expect - what a call may end with
 * @must: causes for refusing it, of which one has to be given
 * @may: more causes, which may be there or not
 */
struct expect {
	uint64_t must;
	uint64_t may;
};

bool judge(const struct expect *e, int error);

#endif
