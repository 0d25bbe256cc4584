// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities: which modes, data unit sizes and data unit numbers work.
 */
#include <linux/export.h>

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
