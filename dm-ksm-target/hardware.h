/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware path of a target "ksm": whether there is one, and its key.
 */
#ifndef _DM_KSM_HARDWARE_H
#define _DM_KSM_HARDWARE_H

#include <ksm/context.h>

struct bio;
struct ksm_target;

/**
 * struct ksm_hw - the hardware path of a target
 * @client: submits to the engine; NULL if there is none that could be used
 * @key: the engine's copy of the key, none if its size is 0
 * @active: I/O goes this way; if it is required and not, none goes at all
 * @suspect: it has returned errors since it was verified
 * @why: why it is not active, a word for the status line
 */
struct ksm_hw {
	struct ksm_client *client;
	struct ksm_key key;
	bool active;
	bool suspect;
	const char *why;
};

int ksm_hw_open(struct ksm_target *kt, const char *name,
		void (*failed)(struct ksm_ctx *ctx, int err), char **error);
void ksm_hw_close(struct ksm_target *kt);
int ksm_hw_set_key(struct ksm_target *kt, const struct ksm_key *key);
int ksm_hw_wipe_key(struct ksm_target *kt);
int ksm_hw_activate(struct ksm_target *kt);
void ksm_hw_fail(struct ksm_target *kt, const char *why);
unsigned int ksm_hw_limit(const struct ksm_target *kt);
unsigned int ksm_hw_max_split_sectors(const struct ksm_target *kt,
				      struct bio *bio);
unsigned int ksm_hw_dun_bytes(const struct ksm_target *kt);

#endif /* _DM_KSM_HARDWARE_H */
