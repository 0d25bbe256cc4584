// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ciphers of dm-crypt tables, and data units encrypted by them.
 *
 * Reference: Documentation/admin-guide/device-mapper/dm-crypt.rst (plain64,
 * essiv, iv_large_sectors).
 */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "modes.h"
#include "primitives.h"
#include "xts.h"

const struct mode modes[] = {
	{ "aes-xts-plain64", ALG_XTS_AES, { 32, 64 } },
	{ "capi:xts(aes)-plain64", ALG_XTS_AES, { 32, 64 } },
	{ "aes-cbc-essiv:sha256", ALG_CBC_ESSIV, { 16, 24, 32 } },
	{ "capi:cbc(aes)-essiv:sha256", ALG_CBC_ESSIV, { 16, 24, 32 } },
	{ "sm4-xts-plain64", ALG_XTS_SM4, { 32 } },
	{ "capi:xts(sm4)-plain64", ALG_XTS_SM4, { 32 } },
	{ "xchacha12,aes-adiantum-plain64", ALG_ADIANTUM, { 32 } },
	{ "capi:adiantum(xchacha12,aes)-plain64", ALG_ADIANTUM, { 32 } },
};

const size_t nr_modes = ARRAY_SIZE(modes);

const struct mode *mode_find(const char *spec)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].spec, spec))
			return &modes[i];
	return NULL;
}

bool mode_takes_key(const struct mode *mode, size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mode->key_sizes); i++)
		if (size && mode->key_sizes[i] == size)
			return true;
	return false;
}

/*
 * @by_hand is for AES-XTS: use xts_unit(), as for SM4. It is used for a key of
 * two equal halves in any case: OpenSSL refuses those, and dm-crypt does not
 * unless the kernel runs in FIPS mode.
 */
void crypt_init(struct crypt *c, const struct mode *mode, const uint8_t *key,
		size_t key_size, bool encrypt, bool by_hand)
{
	size_t half = key_size / 2;
	uint8_t salt[32];
	char name[32];

	memset(c, 0, sizeof(*c));
	c->alg = mode->alg;
	c->encrypt = encrypt;
	c->iv_size = BLOCK;
	switch (c->alg) {
	case ALG_XTS_AES:
		if (!by_hand && memcmp(key, key + half, half)) {
			snprintf(name, sizeof(name), "AES-%zu-XTS", half * 8);
			c->data = cipher_new(name, key, encrypt);
			break;
		}
		snprintf(name, sizeof(name), "AES-%zu-ECB", half * 8);
		c->data = cipher_new(name, key, encrypt);
		c->iv = cipher_new(name, key + half, true);
		break;
	case ALG_XTS_SM4:
		c->data = cipher_new("SM4-ECB", key, encrypt);
		c->iv = cipher_new("SM4-ECB", key + half, true);
		break;
	case ALG_CBC_ESSIV:
		snprintf(name, sizeof(name), "AES-%zu-CBC", key_size * 8);
		c->data = cipher_new(name, key, encrypt);
		sha256(key, key_size, salt);
		c->iv = cipher_new("AES-256-ECB", salt, true);
		break;
	case ALG_ADIANTUM:
		c->iv_size = TWEAK;
		c->adiantum = adiantum_new(key, encrypt);
		break;
	}
}

void crypt_exit(struct crypt *c)
{
	EVP_CIPHER_CTX_free(c->data);
	EVP_CIPHER_CTX_free(c->iv);
	adiantum_free(c->adiantum);
}

/* One data unit, in place. @iv is before encryption by ESSIV. */
void crypt_unit(struct crypt *c, const uint8_t *iv, uint8_t *buf, size_t len)
{
	uint8_t essiv[BLOCK];

	switch (c->alg) {
	case ALG_XTS_AES:
	case ALG_XTS_SM4:
		if (c->iv) {
			xts_unit(c->data, c->iv, iv, buf, len);
			break;
		}
		cipher_set_iv(c->data, iv);
		cipher_run(c->data, buf, buf, len);
		break;
	case ALG_CBC_ESSIV:
		cipher_run(c->iv, iv, essiv, BLOCK);
		cipher_set_iv(c->data, essiv);
		cipher_run(c->data, buf, buf, len);
		break;
	case ALG_ADIANTUM:
		adiantum_unit(c->adiantum, c->encrypt, iv, buf, len);
		break;
	}
}

/* Where in the sequence of IVs the data unit at @sector of the mapping is. */
uint64_t unit_number(uint64_t sector, uint64_t iv_offset, size_t sector_size,
		     bool iv_large_sectors)
{
	uint64_t nr = iv_offset + sector;

	if (iv_large_sectors)
		nr /= sector_size >> SECTOR_SHIFT;
	return nr;
}

void crypt_numbered_unit(struct crypt *c, uint64_t nr, uint8_t *buf, size_t len)
{
	uint8_t iv[MAX_IV] = { 0 };

	put_le64(iv, nr);
	crypt_unit(c, iv, buf, len);
}
