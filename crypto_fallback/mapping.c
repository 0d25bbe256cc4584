// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings: made, keyed, described and freed, all in process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bio.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "io.h"
#include "mapping.h"
#include "params.h"
#include "share.h"

/* Forward progress needs one of each; more save waiting. */
#define KSM_MIN_TABLES 4
#define KSM_MIN_TEAMS  4

#define KSM_ALL_DATA_UNITS (512 | 1024 | 2048 | 4096)

static const struct ksm_caps fallback_caps = {
	.data_unit_sizes = {
		[KSM_MODE_AES_128_XTS] = KSM_ALL_DATA_UNITS,
		[KSM_MODE_AES_256_XTS] = KSM_ALL_DATA_UNITS,
		[KSM_MODE_AES_128_CBC_ESSIV] = KSM_ALL_DATA_UNITS,
		[KSM_MODE_AES_256_CBC_ESSIV] = KSM_ALL_DATA_UNITS,
		[KSM_MODE_ADIANTUM] = KSM_ALL_DATA_UNITS,
		[KSM_MODE_SM4_XTS] = KSM_ALL_DATA_UNITS,
	},
	.max_dun_bytes = 8,
};

/**
 * ksm_fallback_caps() - what software can do
 *
 * A mode may still turn out to be missing from this kernel when a mapping with
 * it is made.
 *
 * Context: Any context.
 * Return: the capabilities.
 */
const struct ksm_caps *ksm_fallback_caps(void)
{
	return &fallback_caps;
}
EXPORT_SYMBOL_KSM(ksm_fallback_caps);

static void set_geometry(struct ksm_fallback *fb,
			 const struct ksm_fallback_config *config)
{
	unsigned int sector_shift;

	fb->unit_shift = ilog2(config->data_unit_size);
	sector_shift = fb->unit_shift - SECTOR_SHIFT;
	fb->iv_shift = config->iv_counts_units ? sector_shift : 0;
	fb->engine.unit = config->data_unit_size;
	fb->engine.iv_step = config->iv_counts_units ? 1 : 1 << sector_shift;
	fb->iv_offset = config->iv_offset;
	fb->max_write = ksm_reserve_pages << PAGE_SHIFT;
}

static int init_pools(struct ksm_fallback *fb, const char *name)
{
	int err;

	err = ksm_bounce_init(&fb->bounce, ksm_reserve_pages);
	if (err)
		return err;
	err = mempool_init_kmalloc_pool(&fb->tables, KSM_MIN_TABLES,
					ksm_reserve_pages *
						sizeof(struct bio_vec));
	if (err)
		return err;
	err = mempool_init_kmalloc_pool(&fb->teams, KSM_MIN_TEAMS,
					ksm_team_size(fb));
	if (err)
		return err;

	fb->stats = alloc_percpu(struct ksm_fallback_stats);
	/*
	 * Its work computes, and sleeps at most for ciphers that pend: more
	 * would only take turns.
	 */
	fb->wq = alloc_workqueue("ksm-%s", WQ_MEM_RECLAIM | WQ_UNBOUND,
				 min_t(int, num_possible_cpus(), WQ_MAX_ACTIVE),
				 name);
	return fb->stats && fb->wq ? 0 : -ENOMEM;
}

/**
 * ksm_fallback_create() - make a mapping
 * @config: what is wanted; not kept
 *
 * The mapping has no key yet.
 *
 * Context: process context, may sleep and load cipher modules.
 * Return: the mapping; ERR_PTR(-EINVAL) if the configuration is not one of
 *	ksm_fallback_caps(); ERR_PTR(-ENOENT) if this kernel lacks the cipher or
 *	the implementation that the module parameter asks for;
 *	ERR_PTR(-ENOMEM) or another error of the crypto API.
 */
struct ksm_fallback *
ksm_fallback_create(const struct ksm_fallback_config *config)
{
	struct ksm_fallback *fb;
	int err;

	if (!ksm_caps_support(&fallback_caps, config->mode,
			      config->data_unit_size, sizeof(u64)))
		return ERR_PTR(-EINVAL);

	fb = kzalloc(sizeof(*fb), GFP_KERNEL);
	if (!fb)
		return ERR_PTR(-ENOMEM);
	fb->mode = config->mode;
	fb->done = config->done;
	fb->submit = config->submit;

	err = ksm_engine_init(&fb->engine, fb->mode, ksm_engine_choice);
	if (err) {
		pr_err("no implementation of %s (engine=%s): error %d\n",
		       fb->mode->name, ksm_engine_kind_name(ksm_engine_choice),
		       err);
		kfree(fb);
		return ERR_PTR(err);
	}
	set_geometry(fb, config);
	fb->req_size = ksm_engine_req_size(&fb->engine);

	err = init_pools(fb, config->name);
	if (!err)
		err = ksm_share_init(fb, config->name);
	if (err) {
		ksm_fallback_destroy(fb);
		return ERR_PTR(err);
	}
	return fb;
}
EXPORT_SYMBOL_KSM(ksm_fallback_create);

/**
 * ksm_fallback_destroy() - free a mapping and wipe its key
 * @fb: the mapping, with no I/O in flight
 *
 * Context: process context, may sleep.
 */
void ksm_fallback_destroy(struct ksm_fallback *fb)
{
	if (fb->wq)
		destroy_workqueue(fb->wq);
	ksm_share_exit(fb);
	free_percpu(fb->stats);
	mempool_exit(&fb->teams);
	mempool_exit(&fb->tables);
	ksm_bounce_exit(&fb->bounce);
	ksm_engine_exit(&fb->engine);
	kfree(fb);
}
EXPORT_SYMBOL_KSM(ksm_fallback_destroy);

/**
 * ksm_fallback_set_key() - give a mapping its key, or another one
 * @fb: the mapping, with no I/O in flight
 * @key: the key, of the mapping's mode and data unit size; not kept
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL if the key does not fit or the cipher refuses it (the
 *	mapping then has no key); or another negative errno.
 */
int ksm_fallback_set_key(struct ksm_fallback *fb, const struct ksm_key *key)
{
	int err;

	if (key->mode != fb->mode || key->data_unit_size != fb->engine.unit)
		return -EINVAL;

	WRITE_ONCE(fb->keyed, false);
	err = ksm_engine_setkey(&fb->engine, key->raw);
	if (!err)
		WRITE_ONCE(fb->keyed, true);
	return err;
}
EXPORT_SYMBOL_KSM(ksm_fallback_set_key);

/**
 * ksm_fallback_wipe_key() - forget the key
 * @fb: the mapping, with no I/O in flight
 *
 * I/O fails until another key is set. Nothing is freed or allocated, since the
 * mapping may hold the swap space.
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno from the cipher, which then may still have
 *	the key.
 */
int ksm_fallback_wipe_key(struct ksm_fallback *fb)
{
	u8 raw[KSM_MAX_KEY_SIZE];
	int err;

	WRITE_ONCE(fb->keyed, false);
	/* The cipher's key schedule goes only by being overwritten. */
	get_random_bytes(raw, sizeof(raw));
	err = ksm_engine_setkey(&fb->engine, raw);
	memzero_explicit(raw, sizeof(raw));
	return err;
}
EXPORT_SYMBOL_KSM(ksm_fallback_wipe_key);

/**
 * ksm_fallback_engine_name() - the name of the implementation in use
 * @fb: the mapping
 *
 * Context: Any context.
 * Return: the crypto API's driver name, or "library".
 */
const char *ksm_fallback_engine_name(const struct ksm_fallback *fb)
{
	return ksm_engine_name(&fb->engine);
}
EXPORT_SYMBOL_KSM(ksm_fallback_engine_name);

/**
 * ksm_fallback_io_size() - memory that each bio needs
 * @fb: the mapping
 *
 * Context: Any context.
 * Return: bytes, a struct ksm_fallback_io included.
 */
size_t ksm_fallback_io_size(const struct ksm_fallback *fb)
{
	return ksm_io_req_offset() + fb->req_size;
}
EXPORT_SYMBOL_KSM(ksm_fallback_io_size);

/**
 * ksm_fallback_max_write() - the largest write that can be encrypted at once
 * @fb: the mapping
 *
 * Context: Any context.
 * Return: bytes, a multiple of the page size.
 */
unsigned int ksm_fallback_max_write(const struct ksm_fallback *fb)
{
	return fb->max_write;
}
EXPORT_SYMBOL_KSM(ksm_fallback_max_write);

/**
 * ksm_fallback_get_stats() - add up a mapping's counters
 * @fb: the mapping
 * @stats: set to the sums
 *
 * Context: Any context. Counts that change meanwhile may or may not be in.
 */
void ksm_fallback_get_stats(const struct ksm_fallback *fb,
			    struct ksm_fallback_stats *stats)
{
	int cpu;

	memset(stats, 0, sizeof(*stats));
	for_each_possible_cpu(cpu) {
		const struct ksm_fallback_stats *s =
			per_cpu_ptr(fb->stats, cpu);

		stats->reads += READ_ONCE(s->reads);
		stats->writes += READ_ONCE(s->writes);
		stats->deferred += READ_ONCE(s->deferred);
		stats->softirq += READ_ONCE(s->softirq);
		stats->shared += READ_ONCE(s->shared);
		stats->parallel += READ_ONCE(s->parallel);
		stats->reserve += READ_ONCE(s->reserve);
		stats->errors += READ_ONCE(s->errors);
	}
}
EXPORT_SYMBOL_KSM(ksm_fallback_get_stats);
