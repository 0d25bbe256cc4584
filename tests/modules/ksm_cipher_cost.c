// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_cipher_cost: what the crypto API's xts(aes) takes for one data unit, for
 * benchmarks. Loading it measures; the results can be read as parameters.
 *
 * One call is a request set up for one data unit and encrypted in place. (Who has
 * several can set up less than that for each.) Where the clock counts
 * instructions, nanoseconds are those.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define KEY_SIZE 64
#define IV_SIZE	 16
#define UNITS	 100 /* in a pass */

static unsigned int bytes = 4096;
module_param(bytes, uint, 0444);
MODULE_PARM_DESC(bytes, "size of the data unit, up to a page");

static unsigned int passes = 20;
module_param(passes, uint, 0444);
MODULE_PARM_DESC(passes, "how often to measure; the least counts");

static unsigned long cost_ns;
module_param(cost_ns, ulong, 0444);
MODULE_PARM_DESC(cost_ns, "result: nanoseconds for one data unit");

static char driver[CRYPTO_MAX_ALG_NAME];
module_param_string(driver, driver, sizeof(driver), 0444);
MODULE_PARM_DESC(driver, "result: the implementation");

/**
 * struct pass - a data unit on its way through the cipher
 * @req: the request
 * @wait: for the end of it
 * @unit: the data unit
 * @sg: where it is
 */
struct pass {
	struct skcipher_request *req;
	struct crypto_wait wait;
	u8 *unit;
	struct scatterlist sg;
};

static int encrypt_units(struct pass *p, unsigned int count)
{
	__le64 iv[IV_SIZE / sizeof(__le64)] = {};
	unsigned int i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		sg_init_one(&p->sg, p->unit, bytes);
		skcipher_request_set_callback(p->req,
					      CRYPTO_TFM_REQ_MAY_BACKLOG,
					      crypto_req_done, &p->wait);
		iv[0] = cpu_to_le64(i);
		iv[1] = 0;
		skcipher_request_set_crypt(p->req, &p->sg, &p->sg, bytes, iv);
		err = crypto_wait_req(crypto_skcipher_encrypt(p->req),
				      &p->wait);
	}
	return err;
}

static int measure(struct skcipher_request *req, u8 *unit)
{
	struct pass p = { .req = req, .unit = unit };
	unsigned int i;
	u64 start;
	int err;

	crypto_init_wait(&p.wait);
	/* What is only done once is done before. */
	err = encrypt_units(&p, UNITS);
	cost_ns = ULONG_MAX;
	for (i = 0; i < passes && !err; i++) {
		start = ktime_get_ns();
		err = encrypt_units(&p, UNITS);
		cost_ns = min_t(u64, cost_ns,
				div_u64(ktime_get_ns() - start, UNITS));
	}
	return err;
}

static int measure_cipher(struct crypto_skcipher *tfm)
{
	struct skcipher_request *req = NULL;
	u8 key[KEY_SIZE], *unit;
	int err;

	get_random_bytes(key, sizeof(key));
	err = crypto_skcipher_setkey(tfm, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	if (err)
		return err;
	unit = kzalloc(bytes, GFP_KERNEL);
	if (unit)
		req = skcipher_request_alloc(tfm, GFP_KERNEL);
	err = req ? measure(req, unit) : -ENOMEM;
	skcipher_request_free(req);
	kfree(unit);
	return err;
}

static int __init cipher_cost_init(void)
{
	struct crypto_skcipher *tfm;
	int err;

	if (bytes < IV_SIZE || bytes > PAGE_SIZE || !passes)
		return -EINVAL;
	/* Kernels with an xts(aes) built in do not look for a better one. */
	request_module("crypto-aes");
	tfm = crypto_alloc_skcipher("xts(aes)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	strscpy(driver, crypto_skcipher_driver_name(tfm), sizeof(driver));
	err = measure_cipher(tfm);
	crypto_free_skcipher(tfm);
	return err;
}
module_init(cipher_cost_init);

static void __exit cipher_cost_exit(void)
{
}
module_exit(cipher_cost_exit);

MODULE_DESCRIPTION("Cost of the crypto API's AES-XTS, for benchmarks");
MODULE_LICENSE("GPL");
