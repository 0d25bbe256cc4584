/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of bio crypt contexts.
 */
#ifndef _KSM_CORE_CONTEXT_H
#define _KSM_CORE_CONTEXT_H

#include <ksm/context.h>

void ksm_ctx_table_init(void);
int ksm_ctx_attach(struct ksm_ctx *ctx);
void ksm_ctx_drain(const struct gendisk *disk);

#endif /* _KSM_CORE_CONTEXT_H */
