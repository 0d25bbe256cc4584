// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities: which modes, data unit sizes and data unit numbers work.
 */
#include <linux/export.h>
#include <linux/minmax.h>

#include <ksm/core.h>

/**
 * ksm_caps_support() - whether capabilities cover a use
 * @caps: the capabilities
 * @mode: the mode wanted
 * @data_unit_size: bytes of one data unit
 * @dun_bytes: bytes of the largest data unit number
 *
 * Context: Any context.
 * Return: true if they do.
 */
bool ksm_caps_support(const struct ksm_caps *caps, const struct ksm_mode *mode,
		      unsigned int data_unit_size, unsigned int dun_bytes)
{
	return (caps->data_unit_sizes[mode->id] & data_unit_size) &&
	       dun_bytes <= caps->max_dun_bytes;
}
EXPORT_SYMBOL_KSM(ksm_caps_support);

/**
 * ksm_caps_superset() - whether capabilities cover others
 * @caps: the capabilities
 * @needed: the others
 *
 * Context: any context.
 * Return: true if they do.
 */
bool ksm_caps_superset(const struct ksm_caps *caps,
		       const struct ksm_caps *needed)
{
	int i;

	for (i = 0; i < KSM_MODE_COUNT; i++) {
		if (needed->data_unit_sizes[i] & ~caps->data_unit_sizes[i])
			return false;
	}
	return needed->max_dun_bytes <= caps->max_dun_bytes;
}
EXPORT_SYMBOL_KSM(ksm_caps_superset);

/**
 * ksm_caps_intersect() - reduce capabilities to what others have too
 * @caps: the capabilities
 * @other: the others
 *
 * Context: any context.
 */
void ksm_caps_intersect(struct ksm_caps *caps, const struct ksm_caps *other)
{
	int i;

	for (i = 0; i < KSM_MODE_COUNT; i++)
		caps->data_unit_sizes[i] &= other->data_unit_sizes[i];
	caps->max_dun_bytes = min(caps->max_dun_bytes, other->max_dun_bytes);
}
EXPORT_SYMBOL_KSM(ksm_caps_intersect);

/**
 * ksm_caps_add() - extend capabilities by others
 * @caps: the capabilities
 * @other: the others
 *
 * Context: any context.
 */
void ksm_caps_add(struct ksm_caps *caps, const struct ksm_caps *other)
{
	int i;

	for (i = 0; i < KSM_MODE_COUNT; i++)
		caps->data_unit_sizes[i] |= other->data_unit_sizes[i];
	caps->max_dun_bytes = max(caps->max_dun_bytes, other->max_dun_bytes);
}
EXPORT_SYMBOL_KSM(ksm_caps_add);
