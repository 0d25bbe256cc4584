// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines: which implementation of a mode is used, and its key.
 *
 * The crypto API ranks implementations by fixed priorities, and the best one
 * for disk encryption differs between kernels: what is fast may be marked
 * asynchronous, and the library may or may not use the CPU's instructions. So
 * the candidates are measured once per mode, when it is first used.
 *
 * Drivers of crypto accelerators are never candidates: they allocate memory or
 * queue requests behind others, both of which the data path cannot have.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kmod.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "crypt.h"
#include "engine.h"

#define KSM_EXCLUDED_ALGS \
	(CRYPTO_ALG_ALLOCATES_MEMORY | CRYPTO_ALG_KERN_DRIVER_ONLY)

/* IVs lie on the stack or in per-bio data with this alignment. */
#define KSM_IV_ALIGNMASK 15

static const char *const kind_names[KSM_ENGINE_KINDS + 1] = {
	[KSM_ENGINE_SKCIPHER_SYNC] = "skcipher-sync",
	[KSM_ENGINE_SKCIPHER] = "skcipher",
	[KSM_ENGINE_LIBRARY] = "library",
	[KSM_ENGINE_KINDS] = "auto",
};

/**
 * struct ksm_engine_survey - what measuring a mode's engines found
 * @known: it has been measured
 * @kind: the fastest
 * @name: names of all, empty if there is none of that kind
 * @ns: nanoseconds for a page, U64_MAX if it does not work
 */
struct ksm_engine_survey {
	bool known;
	enum ksm_engine_kind kind;
	char name[KSM_ENGINE_KINDS][CRYPTO_MAX_ALG_NAME];
	u64 ns[KSM_ENGINE_KINDS];
};

static DEFINE_MUTEX(survey_lock); /* protects surveys[] */
static struct ksm_engine_survey surveys[KSM_MODE_COUNT];

/**
 * ksm_engine_parse() - read the name of a kind of engine
 * @name: the name
 * @kind: set to the kind, KSM_ENGINE_KINDS for "auto"
 *
 * Return: 0, or -EINVAL if there is none of that name.
 */
int ksm_engine_parse(const char *name, enum ksm_engine_kind *kind)
{
	int i = match_string(kind_names, ARRAY_SIZE(kind_names), name);

	if (i < 0)
		return -EINVAL;
	*kind = i;
	return 0;
}

/**
 * ksm_engine_kind_name() - the name of a kind of engine
 * @kind: the kind, or KSM_ENGINE_KINDS for "auto"
 *
 * Return: the name.
 */
const char *ksm_engine_kind_name(enum ksm_engine_kind kind)
{
	return kind_names[kind];
}

#ifdef KSM_HAVE_AES_XTS_LIB
static int init_library(struct ksm_engine *engine)
{
	if (engine->mode->id != KSM_MODE_AES_128_XTS &&
	    engine->mode->id != KSM_MODE_AES_256_XTS)
		return -ENOENT;
	engine->lib_key = kzalloc(sizeof(*engine->lib_key), GFP_KERNEL);
	return engine->lib_key ? 0 : -ENOMEM;
}

static void exit_library(struct ksm_engine *engine)
{
	kfree_sensitive(engine->lib_key);
}

static int setkey_library(struct ksm_engine *engine, const u8 *raw)
{
	return aes_xts_preparekey(engine->lib_key, raw, engine->mode->key_size,
				  0);
}
#else
static int init_library(struct ksm_engine *engine)
{
	return -ENOENT;
}

static void exit_library(struct ksm_engine *engine)
{
}

static int setkey_library(struct ksm_engine *engine, const u8 *raw)
{
	return -ENOENT;
}
#endif

static int init_skcipher(struct ksm_engine *engine)
{
	u32 mask = KSM_EXCLUDED_ALGS;
	struct crypto_skcipher *tfm;
	u32 flags;

	if (engine->kind == KSM_ENGINE_SKCIPHER_SYNC)
		mask |= CRYPTO_ALG_ASYNC;
	tfm = crypto_alloc_skcipher(engine->mode->capi_name, 0, mask);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);

	if (crypto_skcipher_ivsize(tfm) != engine->mode->iv_size ||
	    crypto_skcipher_alignmask(tfm) > KSM_IV_ALIGNMASK) {
		crypto_free_skcipher(tfm);
		return -ENOENT;
	}
	flags = crypto_skcipher_alg(tfm)->base.cra_flags;
	engine->tfm = tfm;
	engine->may_pend = flags & CRYPTO_ALG_ASYNC;
	engine->stack_req = !engine->may_pend &&
			    crypto_skcipher_reqsize(tfm) <= KSM_STACK_REQ_CTX;
	return 0;
}

static int init_kind(struct ksm_engine *engine, const struct ksm_mode *mode,
		     enum ksm_engine_kind kind)
{
	memset(engine, 0, sizeof(*engine));
	engine->mode = mode;
	engine->kind = kind;
	engine->unit = KSM_MAX_DATA_UNIT;
	engine->iv_step = 1;
	if (kind == KSM_ENGINE_LIBRARY)
		return init_library(engine);
	return init_skcipher(engine);
}

/* Nanoseconds for one page; the best of several runs, so that an interrupt does not decide. */
static u64 measure(struct ksm_engine *engine)
{
	u8 raw[KSM_MAX_KEY_SIZE];
	u64 best = U64_MAX;
	struct page *page;
	int err, i;

	page = alloc_page(GFP_KERNEL);
	if (!page)
		return U64_MAX;
	get_random_bytes(raw, sizeof(raw));
	err = ksm_engine_setkey(engine, raw);
	for (i = 0; !err && i < 16; i++) {
		u64 start = ktime_get_ns();

		err = ksm_crypt_page(engine, page);
		best = min(best, ktime_get_ns() - start);
	}
	memzero_explicit(raw, sizeof(raw));
	__free_page(page);
	return err ? U64_MAX : best;
}

static void measure_kind(struct ksm_engine_survey *survey,
			 const struct ksm_mode *mode, enum ksm_engine_kind kind,
			 int *err)
{
	struct ksm_engine engine;
	int ret;

	survey->name[kind][0] = 0;
	survey->ns[kind] = U64_MAX;
	ret = init_kind(&engine, mode, kind);
	if (ret) {
		if (ret != -ENOENT)
			*err = ret;
		return;
	}
	strscpy(survey->name[kind], ksm_engine_name(&engine),
		CRYPTO_MAX_ALG_NAME);
	survey->ns[kind] = measure(&engine);
	ksm_engine_exit(&engine);
}

static int find_fastest(const struct ksm_mode *mode,
			struct ksm_engine_survey *survey)
{
	u64 best_ns = U64_MAX;
	enum ksm_engine_kind k;
	int err = -ENOENT;

	for (k = 0; k < KSM_ENGINE_KINDS; k++) {
		measure_kind(survey, mode, k, &err);
		/*
		 * What comes later must be clearly faster: the ones before
		 * never have to be waited for.
		 */
		if (survey->ns[k] < best_ns - (best_ns >> 4)) {
			best_ns = survey->ns[k];
			survey->kind = k;
		}
	}
	return best_ns == U64_MAX ? err : 0;
}

static void log_survey(const struct ksm_mode *mode,
		       const struct ksm_engine_survey *survey)
{
	enum ksm_engine_kind k;

	for (k = 0; k < KSM_ENGINE_KINDS; k++) {
		if (survey->ns[k] != U64_MAX)
			pr_info("%s: %s (%s) takes %llu ns for %lu bytes%s\n",
				mode->name, survey->name[k], kind_names[k],
				survey->ns[k], PAGE_SIZE,
				k == survey->kind ? ", the engine of choice" :
						    "");
	}
}

/*
 * The crypto API does not look for a faster module once any implementation is
 * there, and early in the boot the CPU's may not have been loaded by its own
 * alias yet. Asking once will do, and at the same time twice does no harm.
 */
static void load_ciphers(const struct ksm_mode *mode)
{
	static bool asked[KSM_MODE_COUNT];

	if (!READ_ONCE(asked[mode->id])) {
		request_module("crypto-%s", mode->cipher);
		WRITE_ONCE(asked[mode->id], true);
	}
}

static int fastest_kind(const struct ksm_mode *mode, enum ksm_engine_kind *kind,
			u64 *ns)
{
	struct ksm_engine_survey *survey = &surveys[mode->id];
	int err = 0;

	mutex_lock(&survey_lock);
	if (!survey->known) {
		err = find_fastest(mode, survey);
		survey->known = !err;
		if (!err)
			log_survey(mode, survey);
	}
	*kind = survey->kind;
	*ns = survey->ns[*kind];
	mutex_unlock(&survey_lock);
	return err;
}

/**
 * ksm_engines_show() - what was measured, for debugfs
 * @m: the file
 *
 * One line for each mode that has been used and each kind: mode, kind, name,
 * nanoseconds for a page, and a star if it is the choice.
 *
 * Context: process context, may sleep.
 */
void ksm_engines_show(struct seq_file *m)
{
	const struct ksm_engine_survey *survey;
	enum ksm_engine_kind k;
	int i;

	mutex_lock(&survey_lock);
	for (i = 0; i < KSM_MODE_COUNT; i++) {
		survey = &surveys[i];
		for (k = 0; survey->known && k < KSM_ENGINE_KINDS; k++) {
			if (survey->ns[k] == U64_MAX)
				continue;
			seq_printf(m, "%s %s %s %llu%s\n",
				   ksm_mode_get(i)->name, kind_names[k],
				   survey->name[k], survey->ns[k],
				   k == survey->kind ? " *" : "");
		}
	}
	mutex_unlock(&survey_lock);
}

/**
 * ksm_engine_init() - make an engine; it has no key yet, and its data units are
 *	the largest there are
 * @engine: memory for it
 * @mode: the mode
 * @choice: a kind, or KSM_ENGINE_KINDS for the fastest
 *
 * Context: process context, may sleep and load modules.
 * Return: 0; -ENOENT if this kernel has no such implementation of the mode;
 *	or another negative errno.
 */
int ksm_engine_init(struct ksm_engine *engine, const struct ksm_mode *mode,
		    enum ksm_engine_kind choice)
{
	u64 ns = 0;
	int err = 0;

	load_ciphers(mode);
	if (choice == KSM_ENGINE_KINDS)
		err = fastest_kind(mode, &choice, &ns);
	if (!err)
		err = init_kind(engine, mode, choice);
	if (!err)
		engine->ns = ns;
	return err;
}

/**
 * ksm_engine_exit() - free an engine and wipe its key
 * @engine: the engine
 *
 * Context: process context.
 */
void ksm_engine_exit(struct ksm_engine *engine)
{
	if (engine->kind == KSM_ENGINE_LIBRARY)
		exit_library(engine);
	else
		crypto_free_skcipher(engine->tfm);
	memset(engine, 0, sizeof(*engine));
}

/**
 * ksm_engine_burn_stack() - overwrite what a cipher had on the stack
 *
 * XChaCha, and so Adiantum, has the key itself there, and leaves it: in a
 * thread that goes, or sleeps, it would stay for as long as nobody calls
 * something that deep. To be called where the cipher was.
 *
 * Context: any context.
 */
noinline void ksm_engine_burn_stack(void)
{
	/* That deep: by estimate 700 with Adiantum. */
	u8 burnt[960];

	memzero_explicit(burnt, sizeof(burnt));
}

static int setkey_skcipher(struct ksm_engine *engine, const u8 *raw)
{
	unsigned int flags;
	int err;

	/*
	 * Adiantum's needs memory, while the mapping is suspended: none that
	 * would have to be written to it.
	 */
	flags = memalloc_noio_save();
	err = crypto_skcipher_setkey(engine->tfm, raw, engine->mode->key_size);
	memalloc_noio_restore(flags);
	return err;
}

/**
 * ksm_engine_setkey() - replace the key
 * @engine: the engine, not in use by anybody else
 * @raw: as many bytes as the mode's keys have
 *
 * Context: process context.
 * Return: 0, or a negative errno if the cipher refuses the key; the engine
 *	then has no usable key.
 */
int ksm_engine_setkey(struct ksm_engine *engine, const u8 *raw)
{
	int err;

	if (engine->kind == KSM_ENGINE_LIBRARY)
		err = setkey_library(engine, raw);
	else
		err = setkey_skcipher(engine, raw);
	ksm_engine_burn_stack();
	return err;
}

/**
 * ksm_engine_name() - what the implementation is called
 * @engine: the engine
 *
 * Return: the crypto API's driver name, or "library".
 */
const char *ksm_engine_name(const struct ksm_engine *engine)
{
	if (engine->kind == KSM_ENGINE_LIBRARY)
		return kind_names[KSM_ENGINE_LIBRARY];
	return crypto_skcipher_driver_name(engine->tfm);
}

/**
 * ksm_engine_req_size() - memory that a request needs outside the stack
 * @engine: the engine
 *
 * Return: bytes for a struct ksm_request, 0 if none is needed.
 */
unsigned int ksm_engine_req_size(const struct ksm_engine *engine)
{
	if (engine->kind == KSM_ENGINE_LIBRARY || engine->stack_req)
		return 0;
	return ALIGN(sizeof(struct ksm_request) +
			     crypto_skcipher_reqsize(engine->tfm),
		     CRYPTO_MINALIGN);
}
