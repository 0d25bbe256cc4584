/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The crypto registers of a UFS host controller (JESD223D, UFSHCI 3.0: CAP.CS,
 * CCAP, CRYPTOCAP, CRYPTOCFG; the same in 4.0).
 */
#ifndef _UFS_SHIM_ENGINE_H
#define _UFS_SHIM_ENGINE_H

#include <linux/types.h>

#include <ksm/core.h>

struct ufs_hba;

/* CRYPTOCAP entries; there can be no more. */
#define UFS_ENGINE_MAX_CAPS 255

/**
 * struct ufs_engine - what a controller's registers say of its engine
 * @hba: the controller
 * @base: offset of the first CRYPTOCFG, in bytes into the registers
 * @num_slots: keyslots that there are
 * @spare: a slot that never gets a key, for commands that must fail; past the
 *	last one if there is only one
 * @num_caps: CRYPTOCAP entries
 * @cap: their raw values
 * @readback: CRYPTOCFG's control word can be read, so programming is checked
 */
struct ufs_engine {
	struct ufs_hba *hba;
	u32 base;
	unsigned int num_slots;
	unsigned int spare;
	unsigned int num_caps;
	u32 cap[UFS_ENGINE_MAX_CAPS];
	bool readback;
};

const char *ufs_engine_read(struct ufs_engine *engine, struct ufs_hba *hba);
void ufs_engine_caps(const struct ufs_engine *engine, struct ksm_caps *caps);
unsigned int ufs_engine_usable_slots(const struct ufs_engine *engine);
bool ufs_engine_enable(const struct ufs_engine *engine);
void ufs_engine_clear(struct ufs_engine *engine);
int ufs_engine_program(const struct ufs_engine *engine,
		       const struct ksm_key *key, unsigned int slot);
int ufs_engine_evict(const struct ufs_engine *engine, unsigned int slot);

#endif /* _UFS_SHIM_ENGINE_H */
