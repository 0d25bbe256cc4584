// SPDX-License-Identifier: GPL-2.0-only
/*
 * crypto_fallback: module parameters, loading and unloading.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bio.h>
#include <linux/module.h>
#include <linux/string.h>

#include "bounce.h"
#include "debugfs.h"
#include "params.h"
#include "softirq.h"

#define KSM_MAX_CACHE_PAGES   2048
#define KSM_MIN_RESERVE_PAGES 16
#define KSM_MAX_RESERVE_PAGES BIO_MAX_VECS

static char *engine = "auto";
module_param(engine, charp, 0444);
MODULE_PARM_DESC(engine, "auto, skcipher, skcipher-sync or library (auto)");

static char *alloc = "prealloc";
module_param(alloc, charp, 0444);
MODULE_PARM_DESC(alloc,
		 "When a cipher is made: prealloc; lazy is refused (prealloc)");

static unsigned int cache_pages = 256;
module_param(cache_pages, uint, 0444);
MODULE_PARM_DESC(cache_pages, "Pages cached per CPU, 0 to 2048 (256)");

unsigned int ksm_reserve_pages = KSM_MAX_RESERVE_PAGES;
module_param_named(reserve_pages, ksm_reserve_pages, uint, 0444);
MODULE_PARM_DESC(reserve_pages, "Pages per mapping, 16 to 256 (256)");

unsigned int ksm_share_ns = 8000;
module_param_named(share_ns, ksm_share_ns, uint, 0444);
MODULE_PARM_DESC(share_ns, "Share bios that take the cipher so many ns (8000)");

enum ksm_engine_kind ksm_engine_choice;

/*
 * Making a cipher takes the crypto API's lock of all algorithms, and who registers
 * one holds it over an allocation that may wait until memory is written out, through
 * a mapping of ours perhaps. No choice of flags helps against that.
 */
static int __init check_alloc(void)
{
	if (!strcmp(alloc, "prealloc"))
		return 0;
	if (!strcmp(alloc, "lazy")) {
		pr_err("alloc=lazy is refused: I/O would wait for crypto_alg_sem, whose holder may wait for that I/O (docs/cipher-allocation.md)\n");
		return -EOPNOTSUPP;
	}
	pr_err("alloc=%s is not one of prealloc, lazy\n", alloc);
	return -EINVAL;
}

static int __init check_params(void)
{
	if (ksm_engine_parse(engine, &ksm_engine_choice)) {
		pr_err("engine=%s is not one of auto, skcipher, skcipher-sync, library\n",
		       engine);
		return -EINVAL;
	}
	if (cache_pages > KSM_MAX_CACHE_PAGES) {
		pr_err("cache_pages=%u is not from 0 to %u\n", cache_pages,
		       KSM_MAX_CACHE_PAGES);
		return -EINVAL;
	}
	if (ksm_reserve_pages < KSM_MIN_RESERVE_PAGES ||
	    ksm_reserve_pages > KSM_MAX_RESERVE_PAGES) {
		pr_err("reserve_pages=%u is not from %u to %u\n",
		       ksm_reserve_pages, KSM_MIN_RESERVE_PAGES,
		       KSM_MAX_RESERVE_PAGES);
		return -EINVAL;
	}
	return check_alloc();
}

static int __init crypto_fallback_init(void)
{
	int err = check_params();

	if (!err)
		err = ksm_bounce_cache_init(cache_pages);
	if (err)
		return err;
	ksm_softirq_init();
	ksm_fallback_debugfs_init();
	return 0;
}

static void __exit crypto_fallback_exit(void)
{
	ksm_fallback_debugfs_exit();
	ksm_softirq_exit();
	ksm_bounce_cache_exit();
}

module_init(crypto_fallback_init);
module_exit(crypto_fallback_exit);

MODULE_DESCRIPTION("Inline encryption: bios in software");
MODULE_VERSION(KSM_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS_KSM;
