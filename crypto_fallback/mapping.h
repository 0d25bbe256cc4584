/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mapping: one key, its engine and its pools.
 */
#ifndef _KSM_MAPPING_H
#define _KSM_MAPPING_H

#include <linux/mempool.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include <ksm/fallback.h>

#include "bounce.h"
#include "engine.h"

/* Bios of at least this many bytes are spread over several CPUs, ... */
#define KSM_PARALLEL_BYTES (64 * 1024)
/* ... each of which takes this many bytes at a time, ... */
#define KSM_CHUNK_BYTES	   (32 * 1024)
/* ... and at most this many CPUs help. */
#define KSM_MAX_HELPERS	   8
/* Who is alone with a bio lets others run after as many bytes. */
#define KSM_ALONE_BYTES	   (256 * 1024)

struct ksm_share;

/**
 * struct ksm_fallback - a mapping
 * @mode: its mode
 * @engine: what runs it
 * @keyed: @engine has a key
 * @unit_shift: log2 of the bytes of a data unit
 * @iv_shift: from sectors to IVs
 * @iv_offset: added to the sector number first
 * @req_size: bytes of a struct ksm_request for @engine, or 0
 * @max_write: bytes of the largest write, for which the reserve is made
 * @done: the submitter's callback
 * @bounce: pages for writes
 * @tables: vectors for writes that need more than a few pages
 * @teams: struct ksm_team, for bios that are spread over several CPUs
 * @wq: runs deferred decryptions and helpers; they never wait for I/O
 * @share: bios that are left to other CPUs, NULL if none are
 * @share_bytes: bytes of the smallest of them
 * @write_wq: runs workers that encrypt such writes and submit them
 * @submit: the submitter's callback
 * @stats: counters per CPU
 */
struct ksm_fallback {
	const struct ksm_mode *mode;
	struct ksm_engine engine;
	bool keyed;
	unsigned int unit_shift;
	unsigned int iv_shift;
	u64 iv_offset;
	unsigned int req_size;
	unsigned int max_write;
	ksm_fallback_done_t done;
	struct ksm_bounce bounce;
	mempool_t tables;
	mempool_t teams;
	struct workqueue_struct *wq;
	struct ksm_share __percpu *share;
	unsigned int share_bytes;
	struct workqueue_struct *write_wq;
	ksm_fallback_done_t submit;
	struct ksm_fallback_stats __percpu *stats;
};

#endif /* _KSM_MAPPING_H */
