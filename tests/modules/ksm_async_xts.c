// SPDX-License-Identifier: GPL-2.0-only
/*
 * An "xts(aes)" whose every request completes later, from a work queue, and
 * every third one goes to a backlog first. No cipher of an ordinary machine does
 * that reliably, but crypto_fallback must cope with any that does. And with one that
 * fails, as hardware may.
 */
#include <crypto/internal/skcipher.h>
#include <crypto/xts.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/workqueue.h>

static unsigned int fail;
module_param(fail, uint, 0644);
MODULE_PARM_DESC(fail, "every so many requests one fails; 0: none");

static bool fail_at_once;
module_param(fail_at_once, bool, 0644);
MODULE_PARM_DESC(fail_at_once, "it fails when it is made, not later");

static bool fail_setkey;
module_param(fail_setkey, bool, 0644);
MODULE_PARM_DESC(fail_setkey, "no key is taken");

static struct workqueue_struct *wq;
static atomic_t requests;

struct async_ctx {
	struct crypto_skcipher *child;
};

struct async_req {
	struct work_struct work;
	struct skcipher_request *outer;
	bool encrypt;
	bool backlogged;
	bool fails;
	struct skcipher_request inner; /* must be last */
};

static int async_setkey(struct crypto_skcipher *tfm, const u8 *key,
			unsigned int len)
{
	struct async_ctx *ctx = crypto_skcipher_ctx(tfm);

	if (READ_ONCE(fail_setkey))
		return -EIO;
	return crypto_skcipher_setkey(ctx->child, key, len);
}

static void async_work(struct work_struct *work)
{
	struct async_req *ar = container_of(work, struct async_req, work);
	struct skcipher_request *req = ar->outer;
	int err;

	/* Completions come with softirqs off, as from real drivers. */
	if (ar->backlogged) {
		local_bh_disable();
		skcipher_request_complete(req, -EINPROGRESS);
		local_bh_enable();
	}
	if (ar->fails)
		err = -EIO;
	else
		err = ar->encrypt ? crypto_skcipher_encrypt(&ar->inner) :
				    crypto_skcipher_decrypt(&ar->inner);
	local_bh_disable();
	skcipher_request_complete(req, err);
	local_bh_enable();
}

static int async_crypt(struct skcipher_request *req, bool encrypt)
{
	struct async_ctx *ctx =
		crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct async_req *ar = skcipher_request_ctx(req);
	unsigned int nth = atomic_inc_return(&requests);
	unsigned int every = READ_ONCE(fail);

	ar->fails = every && nth % every == 0;
	if (ar->fails && READ_ONCE(fail_at_once))
		return -EIO;
	ar->outer = req;
	ar->encrypt = encrypt;
	ar->backlogged = nth % 3 == 0;
	skcipher_request_set_tfm(&ar->inner, ctx->child);
	skcipher_request_set_callback(&ar->inner, 0, NULL, NULL);
	skcipher_request_set_crypt(&ar->inner, req->src, req->dst,
				   req->cryptlen, req->iv);
	if (ar->backlogged && !(req->base.flags & CRYPTO_TFM_REQ_MAY_BACKLOG))
		ar->backlogged = false;
	encrypt = ar->backlogged;
	INIT_WORK(&ar->work, async_work);
	queue_work(wq, &ar->work);
	/* The request may be gone by now. */
	return encrypt ? -EBUSY : -EINPROGRESS;
}

static int async_encrypt(struct skcipher_request *req)
{
	return async_crypt(req, true);
}

static int async_decrypt(struct skcipher_request *req)
{
	return async_crypt(req, false);
}

static int async_init(struct crypto_skcipher *tfm)
{
	struct async_ctx *ctx = crypto_skcipher_ctx(tfm);
	unsigned int size = sizeof(struct async_req);

	ctx->child = crypto_alloc_skcipher("xts(aes)", 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(ctx->child))
		return PTR_ERR(ctx->child);
	size += crypto_skcipher_reqsize(ctx->child);
	crypto_skcipher_set_reqsize(tfm, size);
	return 0;
}

static void async_exit(struct crypto_skcipher *tfm)
{
	struct async_ctx *ctx = crypto_skcipher_ctx(tfm);

	crypto_free_skcipher(ctx->child);
}

static struct skcipher_alg async_alg = {
	.base.cra_name = "xts(aes)",
	.base.cra_driver_name = "xts-aes-ksm-async",
	.base.cra_priority = 10000,
	.base.cra_flags = CRYPTO_ALG_ASYNC,
	.base.cra_blocksize = XTS_BLOCK_SIZE,
	.base.cra_ctxsize = sizeof(struct async_ctx),
	.base.cra_module = THIS_MODULE,
	.min_keysize = 32,
	.max_keysize = 64,
	.ivsize = XTS_BLOCK_SIZE,
	.setkey = async_setkey,
	.encrypt = async_encrypt,
	.decrypt = async_decrypt,
	.init = async_init,
	.exit = async_exit,
};

static int __init ksm_async_xts_init(void)
{
	int err;

	wq = alloc_workqueue("ksm_async_xts", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!wq)
		return -ENOMEM;
	err = crypto_register_skcipher(&async_alg);
	if (err)
		destroy_workqueue(wq);
	return err;
}

static void __exit ksm_async_xts_exit(void)
{
	crypto_unregister_skcipher(&async_alg);
	destroy_workqueue(wq);
}

module_init(ksm_async_xts_init);
module_exit(ksm_async_xts_exit);

MODULE_DESCRIPTION("Test: AES-XTS whose requests complete later");
MODULE_LICENSE("GPL");
