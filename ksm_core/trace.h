/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints. Keys are shown by number, never their bytes. The system is not
 * called "ksm": the kernel's samepage merging has that name.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ksm_core

#if !defined(_KSM_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KSM_CORE_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include <ksm/context.h>
#include "keyslot.h"

/* clang-format off */
DECLARE_EVENT_CLASS(ksm_slot,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key,
		 unsigned int slot),
	TP_ARGS(ksm, key, slot),
	TP_STRUCT__entry(
		__array(char, name, KSM_NAME_SIZE)
		__field(u64, key)
		__field(unsigned int, slot)
	),
	TP_fast_assign(
		strscpy(__entry->name, ksm->name, KSM_NAME_SIZE);
		__entry->key = key->id;
		__entry->slot = slot;
	),
	TP_printk("%s key=%llu slot=%u", __entry->name, __entry->key,
		  __entry->slot)
);

/* A reference to a slot that has the key. */
DEFINE_EVENT(ksm_slot, ksm_slot_get,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key,
		 unsigned int slot),
	TP_ARGS(ksm, key, slot)
);

/* A slot in use gets no new users, since somebody waits for a slot. */
DEFINE_EVENT(ksm_slot, ksm_slot_close,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key,
		 unsigned int slot),
	TP_ARGS(ksm, key, slot)
);

/* All slots are in use; the task waits. */
TRACE_EVENT(ksm_slot_wait,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key),
	TP_ARGS(ksm, key),
	TP_STRUCT__entry(
		__array(char, name, KSM_NAME_SIZE)
		__field(u64, key)
	),
	TP_fast_assign(
		strscpy(__entry->name, ksm->name, KSM_NAME_SIZE);
		__entry->key = key->id;
	),
	TP_printk("%s key=%llu", __entry->name, __entry->key)
);

DECLARE_EVENT_CLASS(ksm_slot_op,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key,
		 unsigned int slot, int err),
	TP_ARGS(ksm, key, slot, err),
	TP_STRUCT__entry(
		__array(char, name, KSM_NAME_SIZE)
		__field(u64, key)
		__field(unsigned int, slot)
		__field(int, err)
	),
	TP_fast_assign(
		strscpy(__entry->name, ksm->name, KSM_NAME_SIZE);
		__entry->key = key->id;
		__entry->slot = slot;
		__entry->err = err;
	),
	TP_printk("%s key=%llu slot=%u err=%d", __entry->name, __entry->key,
		  __entry->slot, __entry->err)
);

DEFINE_EVENT(ksm_slot_op, ksm_slot_program,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key,
		 unsigned int slot, int err),
	TP_ARGS(ksm, key, slot, err)
);

DEFINE_EVENT(ksm_slot_op, ksm_slot_evict,
	TP_PROTO(const struct ksm *ksm, const struct ksm_key *key,
		 unsigned int slot, int err),
	TP_ARGS(ksm, key, slot, err)
);

DECLARE_EVENT_CLASS(ksm_ctx,
	TP_PROTO(const struct ksm *ksm, const struct ksm_ctx *ctx,
		 unsigned int left),
	TP_ARGS(ksm, ctx, left),
	TP_STRUCT__entry(
		__array(char, name, KSM_NAME_SIZE)
		__field(u64, key)
		__field(u64, sector)
		__field(u64, dun)
		__field(unsigned int, size)
		__field(unsigned int, left)
	),
	TP_fast_assign(
		strscpy(__entry->name, ksm->name, KSM_NAME_SIZE);
		__entry->key = ctx->key->id;
		__entry->sector = ctx->sector;
		__entry->dun = ctx->dun;
		__entry->size = ctx->size;
		__entry->left = left;
	),
	TP_printk("%s key=%llu sector=%llu dun=%llu bytes=%u left=%u",
		  __entry->name, __entry->key, __entry->sector, __entry->dun,
		  __entry->size, __entry->left)
);

DEFINE_EVENT(ksm_ctx, ksm_ctx_attach,
	TP_PROTO(const struct ksm *ksm, const struct ksm_ctx *ctx,
		 unsigned int left),
	TP_ARGS(ksm, ctx, left)
);

/* A bio came back without an error, but not all of it passed the engine. */
DEFINE_EVENT(ksm_ctx, ksm_ctx_lost,
	TP_PROTO(const struct ksm *ksm, const struct ksm_ctx *ctx,
		 unsigned int left),
	TP_ARGS(ksm, ctx, left)
);

/* A bio that was merged with one of another kind into a request, which fails. */
DEFINE_EVENT(ksm_ctx, ksm_ctx_mixed,
	TP_PROTO(const struct ksm *ksm, const struct ksm_ctx *ctx,
		 unsigned int left),
	TP_ARGS(ksm, ctx, left)
);

/* clang-format on */

#endif /* _KSM_CORE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
