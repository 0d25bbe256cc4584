/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path of the target "ksm".
 */
#ifndef _DM_KSM_IO_H
#define _DM_KSM_IO_H

#include <linux/device-mapper.h>

struct ksm_ctx;
struct ksm_fallback_io;
struct ksm_target;

size_t ksm_io_size(const struct ksm_target *kt);
int ksm_io_map(struct dm_target *ti, struct bio *bio);
int ksm_io_end(struct dm_target *ti, struct bio *bio, blk_status_t *error);
void ksm_io_decrypted(struct ksm_fallback_io *io, int err);
void ksm_io_encrypted(struct ksm_fallback_io *io, int err);
void ksm_io_no_ctx(struct ksm_ctx *ctx, int err);

#endif /* _DM_KSM_IO_H */
