/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data path: bios in, bios out.
 */
#ifndef _KSM_IO_H
#define _KSM_IO_H

#include <linux/types.h>

struct ksm_fallback;
struct ksm_fallback_io;
struct ksm_share_worker;

size_t ksm_io_req_offset(void);
size_t ksm_team_size(const struct ksm_fallback *fb);
void ksm_io_decrypt_soon(struct ksm_fallback_io *io);
void ksm_io_decrypt_shared(struct ksm_share_worker *worker,
			   struct ksm_fallback_io *io);
void ksm_io_encrypt_shared(struct ksm_share_worker *worker,
			   struct ksm_fallback_io *io);

#endif /* _KSM_IO_H */
