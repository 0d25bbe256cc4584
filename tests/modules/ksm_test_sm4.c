// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block cipher SM4 (GB/T 32907-2016), from its definition, for kernels that
 * are built without one, as Debian's are. Slow, not constant-time: for tests of
 * the mode SM4-XTS only. The tests compare with OpenSSL's.
 */
#include <crypto/algapi.h>
#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/types.h>

#define SM4_ROUNDS 32
#define SM4_SIZE   16

static const u32 fk[4] = { 0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc };
static u8 sbox[256];

struct sm4_key {
	u32 enc[SM4_ROUNDS];
	u32 dec[SM4_ROUNDS];
};

/* Multiplication modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1. */
static u8 mul(u8 a, u8 b)
{
	u8 r = 0;

	for (; b; b >>= 1) {
		if (b & 1)
			r ^= a;
		a = (a << 1) ^ (a & 0x80 ? 0xf5 : 0);
	}
	return r;
}

static u8 inverse(u8 a)
{
	unsigned int b;

	for (b = 1; b < 256; b++) {
		if (mul(a, b) == 1)
			return b;
	}
	return 0;
}

static u8 affine(u8 x)
{
	u8 r = 0;
	int i;

	for (i = 0; i < 8; i++)
		r |= (hweight8(x & rol8(0xa7, i)) & 1) << i;
	return r ^ 0xd3;
}

static void make_sbox(void)
{
	int i;

	for (i = 0; i < 256; i++)
		sbox[i] = affine(inverse(affine(i)));
}

static u32 substitute(u32 x)
{
	return (u32)sbox[x >> 24] << 24 | (u32)sbox[x >> 16 & 255] << 16 |
	       (u32)sbox[x >> 8 & 255] << 8 | sbox[x & 255];
}

static void run(const u32 *rk, u8 *out, const u8 *in)
{
	u32 x[4], t;
	int i;

	memcpy(x, in, sizeof(x));
	for (i = 0; i < 4; i++)
		be32_to_cpus(&x[i]);
	for (i = 0; i < SM4_ROUNDS; i++) {
		t = substitute(x[(i + 1) % 4] ^ x[(i + 2) % 4] ^
			       x[(i + 3) % 4] ^ rk[i]);
		x[i % 4] ^= t ^ rol32(t, 2) ^ rol32(t, 10) ^ rol32(t, 18) ^
			    rol32(t, 24);
	}
	for (i = 0; i < 4; i++) {
		__be32 word = cpu_to_be32(x[3 - i]);

		memcpy(out + 4 * i, &word, sizeof(word));
	}
}

static int sm4_setkey(struct crypto_tfm *tfm, const u8 *raw, unsigned int len)
{
	struct sm4_key *key = crypto_tfm_ctx(tfm);
	u32 k[4], t, ck;
	int i, j;

	memcpy(k, raw, sizeof(k));
	for (i = 0; i < 4; i++) {
		be32_to_cpus(&k[i]);
		k[i] ^= fk[i];
	}
	for (i = 0; i < SM4_ROUNDS; i++) {
		for (ck = 0, j = 0; j < 4; j++)
			ck = ck << 8 | ((4 * i + j) * 7 & 255);
		t = substitute(k[(i + 1) % 4] ^ k[(i + 2) % 4] ^
			       k[(i + 3) % 4] ^ ck);
		k[i % 4] ^= t ^ rol32(t, 13) ^ rol32(t, 23);
		key->enc[i] = k[i % 4];
		key->dec[SM4_ROUNDS - 1 - i] = k[i % 4];
	}
	return 0;
}

static void sm4_encrypt(struct crypto_tfm *tfm, u8 *out, const u8 *in)
{
	struct sm4_key *key = crypto_tfm_ctx(tfm);

	run(key->enc, out, in);
}

static void sm4_decrypt(struct crypto_tfm *tfm, u8 *out, const u8 *in)
{
	struct sm4_key *key = crypto_tfm_ctx(tfm);

	run(key->dec, out, in);
}

static struct crypto_alg sm4_alg = {
	.cra_name = "sm4",
	.cra_driver_name = "sm4-ksm-test",
	.cra_priority = 1,
	.cra_flags = CRYPTO_ALG_TYPE_CIPHER,
	.cra_blocksize = SM4_SIZE,
	.cra_ctxsize = sizeof(struct sm4_key),
	.cra_module = THIS_MODULE,
	.cra_u.cipher = {
		.cia_min_keysize = SM4_SIZE,
		.cia_max_keysize = SM4_SIZE,
		.cia_setkey = sm4_setkey,
		.cia_encrypt = sm4_encrypt,
		.cia_decrypt = sm4_decrypt,
	},
};

static int __init ksm_test_sm4_init(void)
{
	make_sbox();
	return crypto_register_alg(&sm4_alg);
}

static void __exit ksm_test_sm4_exit(void)
{
	crypto_unregister_alg(&sm4_alg);
}

module_init(ksm_test_sm4_init);
module_exit(ksm_test_sm4_exit);

MODULE_DESCRIPTION("Test: the block cipher SM4");
MODULE_ALIAS("crypto-sm4");
MODULE_LICENSE("GPL");
