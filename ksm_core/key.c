// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys: made from raw bytes, checked against their mode, wiped when done.
 */
#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/string.h>

#include <ksm/core.h>

static atomic64_t ksm_last_key_id = ATOMIC64_INIT(0);

/**
 * ksm_key_init() - fill in a key
 * @key: memory for it, owned by the caller
 * @mode: how it will be used
 * @raw: the secret, copied
 * @size: bytes at @raw
 * @data_unit_size: bytes that get one data unit number each; a power of two
 *	from KSM_MIN_DATA_UNIT to KSM_MAX_DATA_UNIT
 * @dun_bytes: bytes needed by the largest data unit number
 *
 * Context: Any context.
 * Return: 0, or -EINVAL if the sizes do not fit the mode (@key then holds no
 *	secret).
 */
int ksm_key_init(struct ksm_key *key, const struct ksm_mode *mode,
		 const u8 *raw, unsigned int size, unsigned int data_unit_size,
		 unsigned int dun_bytes)
{
	memset(key, 0, sizeof(*key));
	if (size != mode->key_size)
		return -EINVAL;
	if (!is_power_of_2(data_unit_size) ||
	    data_unit_size < KSM_MIN_DATA_UNIT ||
	    data_unit_size > KSM_MAX_DATA_UNIT)
		return -EINVAL;
	if (!dun_bytes || dun_bytes > mode->iv_size)
		return -EINVAL;

	key->id = atomic64_inc_return(&ksm_last_key_id);
	key->mode = mode;
	key->size = size;
	key->data_unit_size = data_unit_size;
	key->dun_bytes = dun_bytes;
	memcpy(key->raw, raw, size);
	return 0;
}
EXPORT_SYMBOL_KSM(ksm_key_init);

/**
 * ksm_key_destroy() - wipe a key
 * @key: the key; may be wiped already
 *
 * Context: Any context.
 */
void ksm_key_destroy(struct ksm_key *key)
{
	memzero_explicit(key, sizeof(*key));
}
EXPORT_SYMBOL_KSM(ksm_key_destroy);
