/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_core: crypto modes, keys and capabilities for inline storage encryption.
 *
 * Not <linux/ksm.h>, which is kernel samepage merging.
 */
#ifndef _KSM_CORE_H
#define _KSM_CORE_H

#include <linux/bits.h>
#include <linux/types.h>

/* Largest raw key of any mode, in bytes. */
#define KSM_MAX_KEY_SIZE 64
/* Largest IV of any mode, in bytes. */
#define KSM_MAX_IV_SIZE	 32

/* Data unit sizes that the on-disk format knows, in bytes. */
#define KSM_MIN_DATA_UNIT 512
#define KSM_MAX_DATA_UNIT 4096

/**
 * enum ksm_mode_id - the ways of encrypting a data unit
 * @KSM_MODE_AES_128_XTS: AES-XTS (IEEE 1619) with two 128-bit keys
 * @KSM_MODE_AES_256_XTS: AES-XTS (IEEE 1619) with two 256-bit keys
 * @KSM_MODE_AES_128_CBC_ESSIV: AES-128-CBC, IV encrypted under SHA-256(key)
 * @KSM_MODE_AES_256_CBC_ESSIV: AES-256-CBC, IV encrypted under SHA-256(key)
 * @KSM_MODE_ADIANTUM: Adiantum with XChaCha12 and AES-256
 * @KSM_MODE_SM4_XTS: SM4 in XTS mode with two 128-bit keys
 * @KSM_MODE_COUNT: number of modes, not a mode
 */
enum ksm_mode_id {
	KSM_MODE_AES_128_XTS,
	KSM_MODE_AES_256_XTS,
	KSM_MODE_AES_128_CBC_ESSIV,
	KSM_MODE_AES_256_CBC_ESSIV,
	KSM_MODE_ADIANTUM,
	KSM_MODE_SM4_XTS,
	KSM_MODE_COUNT,
};

/**
 * struct ksm_mode - what is known about one mode; constant
 * @id: the mode's number
 * @name: name for people, as in blk-crypto ("AES-256-XTS")
 * @capi_name: name in the kernel's crypto API ("xts(aes)")
 * @cipher: the block cipher that it is made of ("aes")
 * @spellings: NULL-terminated list of dm-crypt's names for it, IV included
 * @key_size: bytes of raw key
 * @iv_size: bytes of IV; the data unit number is little endian in the first
 *	eight of them and the rest is zero (dm-crypt's "plain64")
 */
struct ksm_mode {
	enum ksm_mode_id id;
	const char *name;
	const char *capi_name;
	const char *cipher;
	const char *const *spellings;
	unsigned int key_size;
	unsigned int iv_size;
};

/**
 * struct ksm_key - a raw key together with how it is to be used
 * @id: names the key in logs, tracepoints and debugfs; never used twice
 * @mode: the mode
 * @size: bytes used of @raw, equal to the mode's key size
 * @data_unit_size: bytes encrypted under one data unit number
 * @dun_bytes: bytes that the largest data unit number needs
 * @raw: the secret; never printed, wiped by ksm_key_destroy()
 *
 * The owner provides the memory and serializes init and destroy. A key that was
 * used with a keyslot manager must be evicted from it (ksm_evict_key()) before
 * it is destroyed.
 */
struct ksm_key {
	u64 id;
	const struct ksm_mode *mode;
	unsigned int size;
	unsigned int data_unit_size;
	unsigned int dun_bytes;
	u8 raw[KSM_MAX_KEY_SIZE];
};

/**
 * struct ksm_caps - what an engine or the software path can do
 * @data_unit_sizes: for each mode, a mask of the sizes it works with: the size
 *	itself is the bit (512 is BIT(9)); 0 where the mode is not supported
 * @max_dun_bytes: bytes of data unit number it takes
 */
struct ksm_caps {
	u32 data_unit_sizes[KSM_MODE_COUNT];
	unsigned int max_dun_bytes;
};

const struct ksm_mode *ksm_mode_get(enum ksm_mode_id id);
const struct ksm_mode *ksm_mode_find(const char *spelling,
				     unsigned int key_size);

int ksm_key_init(struct ksm_key *key, const struct ksm_mode *mode,
		 const u8 *raw, unsigned int size, unsigned int data_unit_size,
		 unsigned int dun_bytes);
void ksm_key_destroy(struct ksm_key *key);

bool ksm_caps_support(const struct ksm_caps *caps, const struct ksm_mode *mode,
		      unsigned int data_unit_size, unsigned int dun_bytes);
bool ksm_caps_superset(const struct ksm_caps *caps,
		       const struct ksm_caps *needed);
void ksm_caps_intersect(struct ksm_caps *caps, const struct ksm_caps *other);
void ksm_caps_add(struct ksm_caps *caps, const struct ksm_caps *other);

#endif /* _KSM_CORE_H */
