// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of crypto modes and the lookup by dm-crypt's names for them.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/string.h>

#include <ksm/core.h>

static const char *const aes_xts_spellings[] = {
	"aes-xts-plain64",
	"capi:xts(aes)-plain64",
	NULL,
};

static const char *const aes_cbc_essiv_spellings[] = {
	"aes-cbc-essiv:sha256",
	"capi:cbc(aes)-essiv:sha256",
	NULL,
};

static const char *const adiantum_spellings[] = {
	"xchacha12,aes-adiantum-plain64",
	"capi:adiantum(xchacha12,aes)-plain64",
	NULL,
};

static const char *const sm4_xts_spellings[] = {
	"sm4-xts-plain64",
	"capi:xts(sm4)-plain64",
	NULL,
};

static const struct ksm_mode ksm_modes[KSM_MODE_COUNT] = {
	[KSM_MODE_AES_128_XTS] = {
		.id = KSM_MODE_AES_128_XTS,
		.name = "AES-128-XTS",
		.capi_name = "xts(aes)",
		.cipher = "aes",
		.spellings = aes_xts_spellings,
		.key_size = 32,
		.iv_size = 16,
	},
	[KSM_MODE_AES_256_XTS] = {
		.id = KSM_MODE_AES_256_XTS,
		.name = "AES-256-XTS",
		.capi_name = "xts(aes)",
		.cipher = "aes",
		.spellings = aes_xts_spellings,
		.key_size = 64,
		.iv_size = 16,
	},
	[KSM_MODE_AES_128_CBC_ESSIV] = {
		.id = KSM_MODE_AES_128_CBC_ESSIV,
		.name = "AES-128-CBC-ESSIV",
		.capi_name = "essiv(cbc(aes),sha256)",
		.cipher = "aes",
		.spellings = aes_cbc_essiv_spellings,
		.key_size = 16,
		.iv_size = 16,
	},
	[KSM_MODE_AES_256_CBC_ESSIV] = {
		.id = KSM_MODE_AES_256_CBC_ESSIV,
		.name = "AES-256-CBC-ESSIV",
		.capi_name = "essiv(cbc(aes),sha256)",
		.cipher = "aes",
		.spellings = aes_cbc_essiv_spellings,
		.key_size = 32,
		.iv_size = 16,
	},
	[KSM_MODE_ADIANTUM] = {
		.id = KSM_MODE_ADIANTUM,
		.name = "Adiantum",
		.capi_name = "adiantum(xchacha12,aes)",
		.cipher = "aes",
		.spellings = adiantum_spellings,
		.key_size = 32,
		.iv_size = 32,
	},
	[KSM_MODE_SM4_XTS] = {
		.id = KSM_MODE_SM4_XTS,
		.name = "SM4-XTS",
		.capi_name = "xts(sm4)",
		.cipher = "sm4",
		.spellings = sm4_xts_spellings,
		.key_size = 32,
		.iv_size = 16,
	},
};

/**
 * ksm_mode_get() - the description of a mode
 * @id: the mode
 *
 * Context: Any context.
 * Return: the mode, or NULL if @id is not one.
 */
const struct ksm_mode *ksm_mode_get(enum ksm_mode_id id)
{
	if ((unsigned int)id >= KSM_MODE_COUNT)
		return NULL;
	return &ksm_modes[id];
}
EXPORT_SYMBOL_KSM(ksm_mode_get);

/**
 * ksm_mode_find() - look up a mode by dm-crypt's name for it
 * @spelling: cipher, chaining and IV mode as in a dm-crypt table
 *	(Documentation/admin-guide/device-mapper/dm-crypt.rst)
 * @key_size: bytes of raw key, which tells apart AES-128-XTS and AES-256-XTS
 *
 * Context: Any context.
 * Return: the mode; ERR_PTR(-ENOENT) if no mode has that name;
 *	ERR_PTR(-EINVAL) if one has, but takes no key of that size.
 */
const struct ksm_mode *ksm_mode_find(const char *spelling,
				     unsigned int key_size)
{
	const char *const *s;
	int err = -ENOENT;
	int i;

	for (i = 0; i < KSM_MODE_COUNT; i++) {
		for (s = ksm_modes[i].spellings; *s; s++) {
			if (strcmp(*s, spelling))
				continue;
			if (ksm_modes[i].key_size == key_size)
				return &ksm_modes[i];
			err = -EINVAL;
		}
	}
	return ERR_PTR(err);
}
EXPORT_SYMBOL_KSM(ksm_mode_find);
