// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path.
 *
 * Writes are encrypted into bounce pages before their submission, by the
 * submitter, which other CPUs help if there is much to do. While there are
 * several at a time, some may be left to workers, which submit them (share.c),
 * unless the device needs the submitter's order.
 *
 * Reads are decrypted in place when they complete: right there if there is
 * little to do and the context permits, a moment later if it is a hard irq,
 * otherwise by one worker or several. Workers of reads never wait for I/O.
 */
#include <linux/bio.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/simd.h>

#include "crypt.h"
#include "io.h"
#include "mapping.h"
#include "share.h"
#include "softirq.h"

/* Reads of up to this many bytes are not left to workers without need. */
#define KSM_INLINE_BYTES (16 * 1024)

/**
 * struct ksm_helper - one CPU's part in a team
 * @work: runs it
 * @team: the team; the helper's struct ksm_request lies behind this struct
 */
struct ksm_helper {
	struct work_struct work;
	struct ksm_team *team;
} __aligned(16);

/**
 * struct ksm_team - several CPUs at work on one bio, chunk by chunk
 * @io: the bio's state, whose range the members take parts of
 * @next: the first chunk that nobody has taken
 * @running: helpers of a read that have not ended
 * @err: the first error
 * @nr_helpers: helpers that were called
 *
 * The helpers lie behind it, helper_size() bytes each.
 */
struct ksm_team {
	struct ksm_fallback_io *io;
	atomic_t next;
	atomic_t running;
	int err;
	unsigned int nr_helpers;
} __aligned(16);

/**
 * ksm_io_req_offset() - where the request lies in a bio's state
 *
 * Return: bytes from the start of struct ksm_fallback_io.
 */
size_t ksm_io_req_offset(void)
{
	return ALIGN(sizeof(struct ksm_fallback_io),
		     __alignof__(struct ksm_request));
}

static struct ksm_request *io_request(struct ksm_fallback_io *io)
{
	return (void *)io + ksm_io_req_offset();
}

static size_t helper_size(const struct ksm_fallback *fb)
{
	return ALIGN(sizeof(struct ksm_helper) + fb->req_size,
		     __alignof__(struct ksm_helper));
}

static struct ksm_helper *team_helper(struct ksm_team *team, unsigned int i)
{
	return (void *)(team + 1) + i * helper_size(team->io->fb);
}

/**
 * ksm_team_size() - memory for a team of as many helpers as there may be
 * @fb: the mapping
 *
 * Return: bytes.
 */
size_t ksm_team_size(const struct ksm_fallback *fb)
{
	return sizeof(struct ksm_team) + KSM_MAX_HELPERS * helper_size(fb);
}

/* What the bio is before it is submitted. */
static __always_inline void init_io(struct ksm_fallback_io *io,
				    struct ksm_fallback *fb, struct bio *bio,
				    sector_t sector)
{
	io->fb = fb;
	io->bio = bio;
	io->range.src = bio->bi_io_vec;
	io->range.iter = bio->bi_iter;
	/* The mask spares the check that kernels with UBSAN do. */
	io->range.iv = (sector + fb->iv_offset) >> (fb->iv_shift & 63);
}

static void advance_range(struct ksm_range *range,
			  const struct ksm_fallback *fb, unsigned int bytes)
{
	bvec_iter_advance(range->src, &range->iter, bytes);
	range->dst_off += bytes;
	range->iv += (u64)(bytes >> fb->unit_shift) * fb->engine.iv_step;
}

/* The next @bytes of @range, or all that is left of it. */
static int crypt_chunk(struct ksm_fallback *fb, struct ksm_range *range,
		       struct ksm_request *request, unsigned int bytes)
{
	unsigned int left = range->iter.bi_size;
	int err;

	bytes = min(left, bytes);

	range->iter.bi_size = bytes;
	err = ksm_crypt_range(&fb->engine, range, request, true);
	range->iter.bi_size = left - bytes;
	return err;
}

/* All that is left of @io's range, by this task. */
static int crypt_alone(struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;
	int err;

	if (likely(io->range.iter.bi_size <= KSM_ALONE_BYTES))
		return ksm_crypt_range(&fb->engine, &io->range, io_request(io),
				       true);
	do {
		err = crypt_chunk(fb, &io->range, io_request(io),
				  KSM_ALONE_BYTES);
		cond_resched();
	} while (!err && io->range.iter.bi_size);
	return err;
}

static void run_chunks(struct ksm_team *team, struct ksm_request *request)
{
	struct ksm_fallback_io *io = team->io;
	struct ksm_fallback *fb = io->fb;
	const unsigned int size = io->range.iter.bi_size;
	/* Walks along the bio once, also over what others do. */
	struct ksm_range range = io->range;
	int err;

	while (!READ_ONCE(team->err)) {
		/* 64 bits: members look beyond the end, which may be 4 GiB. */
		u64 from = (atomic_inc_return(&team->next) - 1) *
			   (u64)KSM_CHUNK_BYTES;
		u64 pos = size - range.iter.bi_size;

		if (from >= size)
			break;
		if (from > pos)
			advance_range(&range, fb, from - pos);
		err = crypt_chunk(fb, &range, request, KSM_CHUNK_BYTES);
		if (unlikely(err))
			cmpxchg(&team->err, 0, err);
		cond_resched();
	}
}

static void end_deferred(struct ksm_fallback_io *io, int err)
{
	struct ksm_fallback *fb = io->fb;

	if (unlikely(err))
		this_cpu_inc(fb->stats->errors);
	fb->done(io, err);
}

static void encrypt_help(struct work_struct *work)
{
	struct ksm_helper *helper = container_of(work, struct ksm_helper, work);

	run_chunks(helper->team, (void *)(helper + 1));
}

static void decrypt_help(struct work_struct *work)
{
	struct ksm_helper *helper = container_of(work, struct ksm_helper, work);
	struct ksm_team *team = helper->team;
	struct ksm_fallback_io *io = team->io;
	int err;

	run_chunks(team, (void *)(helper + 1));
	if (!atomic_dec_and_test(&team->running))
		return;
	err = team->err;
	mempool_free(team, &io->fb->teams);
	end_deferred(io, err);
}

/*
 * Call other CPUs to a bio. NULL if it is too small for that, one CPU is all that
 * there is, or there is no memory at once.
 */
static struct ksm_team *start_team(struct ksm_fallback_io *io, work_func_t func,
				   unsigned int members_here)
{
	const unsigned int size = io->range.iter.bi_size;
	struct ksm_fallback *fb = io->fb;
	unsigned int chunks, nr, i;
	struct ksm_team *team;

	if (size < KSM_PARALLEL_BYTES)
		return NULL;
	chunks = DIV_ROUND_UP(size, KSM_CHUNK_BYTES);
	nr = min3(num_online_cpus(), chunks, KSM_MAX_HELPERS + members_here);
	if (nr < 2)
		return NULL;
	nr -= members_here;
	team = mempool_alloc(&fb->teams, GFP_NOWAIT | __GFP_NOWARN);
	if (!team)
		return NULL;

	team->io = io;
	team->err = 0;
	team->nr_helpers = nr;
	atomic_set(&team->next, 0);
	atomic_set(&team->running, nr);
	this_cpu_inc(fb->stats->parallel);
	/* A read's team may be gone as soon as its last helper is queued. */
	for (i = 0; i < nr; i++) {
		struct ksm_helper *helper =
			(void *)(team + 1) + i * helper_size(fb);

		helper->team = team;
		INIT_WORK(&helper->work, func);
		queue_work(fb->wq, &helper->work);
	}
	return team;
}

static int encrypt_data(struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;
	struct ksm_team *team;
	unsigned int i;
	int err;

	team = start_team(io, encrypt_help, 1);
	if (!team)
		return crypt_alone(io);
	run_chunks(team, io_request(io));
	/* Helpers that have not begun are not waited for. */
	for (i = 0; i < team->nr_helpers; i++)
		cancel_work_sync(&team_helper(team, i)->work);
	err = team->err;
	mempool_free(team, &fb->teams);
	return err;
}

static void alloc_bounce(struct ksm_fallback_io *io, unsigned int size)
{
	struct ksm_fallback *fb = io->fb;
	unsigned int nr = DIV_ROUND_UP(size, PAGE_SIZE);
	struct bio_vec *vecs = io->inline_vecs;
	unsigned int i;

	if (nr > KSM_FALLBACK_INLINE_VECS)
		vecs = mempool_alloc(&fb->tables, GFP_NOIO);
	if (unlikely(ksm_bounce_alloc(&fb->bounce, vecs, nr)))
		this_cpu_inc(fb->stats->reserve);
	for (i = 0; i < nr; i++) {
		vecs[i].bv_offset = 0;
		vecs[i].bv_len = min_t(unsigned int, size, PAGE_SIZE);
		size -= vecs[i].bv_len;
	}
	io->share = NULL;
	io->bounce = vecs;
	io->nr_pages = nr;
	io->range.dst = vecs;
	io->range.dst_off = 0;
}

static void free_bounce(struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;

	ksm_bounce_free(&fb->bounce, io->bounce, io->nr_pages);
	if (io->bounce != io->inline_vecs)
		mempool_free(io->bounce, &fb->tables);
	if (unlikely(io->share))
		ksm_share_ended(io->share);
}

/* The ciphertext takes the place of the data, unless there was an error. */
static int encrypted(struct ksm_fallback_io *io, int err)
{
	struct bio *bio = io->bio;

	if (unlikely(err)) {
		this_cpu_inc(io->fb->stats->errors);
		free_bounce(io);
		return err;
	}
	io->orig_vec = bio->bi_io_vec;
	bio->bi_io_vec = io->bounce;
	bio->bi_iter = (struct bvec_iter){
		.bi_sector = bio->bi_iter.bi_sector,
		.bi_size = bio->bi_iter.bi_size,
	};
	return 0;
}

/**
 * ksm_io_encrypt_shared() - encrypt a write for another CPU, and submit it
 * @worker: who does it
 * @io: the bio's state
 *
 * Context: process context, may sleep.
 */
void ksm_io_encrypt_shared(struct ksm_share_worker *worker,
			   struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;
	int err;

	this_cpu_inc(fb->stats->shared);
	/* If there are enough for all, the other CPUs have bios of their own. */
	if (atomic_read(&worker->share->under_way) >= num_online_cpus())
		err = crypt_alone(io);
	else
		err = encrypt_data(io);
	err = encrypted(io, err);
	atomic_dec(&worker->under_way);
	fb->submit(io, err);
}

/**
 * ksm_fallback_encrypt() - replace a write's data by its ciphertext
 * @fb: the mapping
 * @io: memory for the bio's state
 * @bio: a clone that the caller owns, whole data units, not larger than
 *	ksm_fallback_max_write()
 * @sector: where in the mapping it begins, in units of 512 bytes
 * @in_order: the bio must not be overtaken by those that come later
 *
 * The bio gets another vector and keeps its size and place. The data that it
 * had is not touched. When the write has ended, in whatever way,
 * ksm_fallback_encrypt_end() must follow.
 *
 * Context: process context, may sleep. Waits only for other writes of the
 *	mapping to end, and only if memory is short.
 * Return: 0; -EINPROGRESS if another CPU does it and &ksm_fallback_config.submit
 *	will be called or has been; or another negative errno, and the bio is as
 *	it was: -ENOKEY if the mapping has no key, -EINVAL if the bio is too
 *	large or its segments are not whole 512-byte blocks, or what the cipher
 *	says.
 */
int ksm_fallback_encrypt(struct ksm_fallback *fb, struct ksm_fallback_io *io,
			 struct bio *bio, sector_t sector, bool in_order)
{
	unsigned int size = bio->bi_iter.bi_size;

	if (unlikely(!READ_ONCE(fb->keyed)))
		return -ENOKEY;
	if (unlikely(size > fb->max_write))
		return -EINVAL;

	init_io(io, fb, bio, sector);
	this_cpu_inc(fb->stats->writes);

	ksm_share_look(fb);
	alloc_bounce(io, size);
	if (!in_order && size >= fb->share_bytes && ksm_share_write(fb, io))
		return -EINPROGRESS;
	return encrypted(io, encrypt_data(io));
}
EXPORT_SYMBOL_KSM(ksm_fallback_encrypt);

/**
 * ksm_fallback_encrypt_end() - give back what ksm_fallback_encrypt() took
 * @io: the bio's state
 *
 * Context: any context, after the bio has ended or instead of submitting it.
 */
void ksm_fallback_encrypt_end(struct ksm_fallback_io *io)
{
	io->bio->bi_io_vec = io->orig_vec;
	free_bounce(io);
}
EXPORT_SYMBOL_KSM(ksm_fallback_encrypt_end);

/**
 * ksm_fallback_decrypt_begin() - remember a read, before its submission
 * @fb: the mapping
 * @io: memory for the bio's state
 * @bio: a bio that the caller owns, whole data units
 * @sector: where in the mapping it begins, in units of 512 bytes
 *
 * Context: any context.
 */
void ksm_fallback_decrypt_begin(struct ksm_fallback *fb,
				struct ksm_fallback_io *io, struct bio *bio,
				sector_t sector)
{
	init_io(io, fb, bio, sector);
	io->range.dst = NULL;
	ksm_share_look(fb);
}
EXPORT_SYMBOL_KSM(ksm_fallback_decrypt_begin);

/* Decrypt what is left. */
static void decrypt_work(struct work_struct *work)
{
	struct ksm_fallback_io *io =
		container_of(work, struct ksm_fallback_io, work);

	end_deferred(io, crypt_alone(io));
}

/* The same, after a data unit that pended where nobody could wait. */
static void decrypt_pending_work(struct work_struct *work)
{
	struct ksm_fallback_io *io =
		container_of(work, struct ksm_fallback_io, work);
	int err;

	err = ksm_crypt_wait(io_request(io));
	if (err)
		end_deferred(io, err);
	else
		decrypt_work(work);
}

static void defer_read(struct ksm_fallback_io *io, work_func_t func)
{
	struct ksm_fallback *fb = io->fb;

	this_cpu_inc(fb->stats->deferred);
	INIT_WORK(&io->work, func);
	queue_work(fb->wq, &io->work);
}

static noinline int not_decrypted(struct ksm_fallback_io *io, int err)
{
	if (err == -EAGAIN) {
		defer_read(io, decrypt_work);
		return -EINPROGRESS;
	}
	if (err == -EINPROGRESS)
		defer_read(io, decrypt_pending_work);
	else
		this_cpu_inc(io->fb->stats->errors);
	return err;
}

/* -EINPROGRESS if a worker goes on with it. */
static __always_inline int decrypt_here(struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;
	int err;

	err = ksm_crypt_range(&fb->engine, &io->range, io_request(io), false);
	return likely(!err) ? 0 : not_decrypted(io, err);
}

/**
 * ksm_io_decrypt_soon() - decrypt a read that ended in a hard irq
 * @io: the bio's state
 *
 * Context: softirq.
 */
void ksm_io_decrypt_soon(struct ksm_fallback_io *io)
{
	int err;

	if (unlikely(!may_use_simd())) {
		defer_read(io, decrypt_work);
		return;
	}
	this_cpu_inc(io->fb->stats->softirq);
	err = decrypt_here(io);
	if (likely(err != -EINPROGRESS))
		io->fb->done(io, err);
}

/**
 * ksm_io_decrypt_shared() - decrypt a read for another CPU
 * @worker: who does it
 * @io: the bio's state
 *
 * Context: process context, may sleep.
 */
void ksm_io_decrypt_shared(struct ksm_share_worker *worker,
			   struct ksm_fallback_io *io)
{
	int err;

	this_cpu_inc(io->fb->stats->deferred);
	err = crypt_alone(io);
	atomic_dec(&worker->under_way);
	ksm_share_ended(worker->share);
	end_deferred(io, err);
}

/*
 * The FPU cannot be used in a hard irq, nor should that take so long. Before
 * Linux 6.15 a softirq may have interrupted another user of it, too.
 */
static int decrypt_small(struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;

	if (unlikely(io->range.iter.bi_size >= fb->share_bytes) &&
	    ksm_share_read(fb, io))
		return -EINPROGRESS;
	if (in_hardirq() || irqs_disabled()) {
		ksm_softirq_add(io);
		return -EINPROGRESS;
	}
	if (likely(may_use_simd()))
		return decrypt_here(io);
	defer_read(io, decrypt_work);
	return -EINPROGRESS;
}

/**
 * ksm_fallback_decrypt() - decrypt a read that has completed without error
 * @io: the bio's state, from ksm_fallback_decrypt_begin()
 *
 * Context: any context.
 * Return: 0; -EINPROGRESS if the mapping's done callback will be called later
 *	or has been called already; -ENOKEY if the mapping has no key; -EINVAL
 *	if the bio's segments are not whole 512-byte blocks; or what the cipher
 *	says.
 */
int ksm_fallback_decrypt(struct ksm_fallback_io *io)
{
	struct ksm_fallback *fb = io->fb;

	if (unlikely(!READ_ONCE(fb->keyed)))
		return -ENOKEY;

	this_cpu_inc(fb->stats->reads);
	if (likely(io->range.iter.bi_size <= KSM_INLINE_BYTES))
		return decrypt_small(io);
	/* Before that: with a team at work, @io and @fb may be gone. */
	this_cpu_inc(fb->stats->deferred);
	if (!start_team(io, decrypt_help, 0)) {
		INIT_WORK(&io->work, decrypt_work);
		queue_work(fb->wq, &io->work);
	}
	return -EINPROGRESS;
}
EXPORT_SYMBOL_KSM(ksm_fallback_decrypt);
