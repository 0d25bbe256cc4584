// SPDX-License-Identifier: GPL-2.0-only
/* What table lines are made of, as docs/table.md has it. */
#include "vocabulary.h"

const struct cipher ciphers[] = {
	{ "aes-xts-plain64", { 32, 64 } },
	{ "capi:xts(aes)-plain64", { 32, 64 } },
	{ "aes-cbc-essiv:sha256", { 16, 32 } },
	{ "capi:cbc(aes)-essiv:sha256", { 16, 32 } },
	{ "xchacha12,aes-adiantum-plain64", { 32, 32 } },
	{ "capi:adiantum(xchacha12,aes)-plain64", { 32, 32 } },
	{ "sm4-xts-plain64", { 32, 32 } },
	{ "capi:xts(sm4)-plain64", { 32, 32 } },
};

const unsigned int nr_ciphers = ARRAY_SIZE(ciphers);

const char *const no_effect[] = { "same_cpu_crypt", "high_priority",
				  "submit_from_crypt_cpus", "no_read_workqueue",
				  "no_write_workqueue" };

const unsigned int nr_no_effect = ARRAY_SIZE(no_effect);

const char *const choices[] = { "auto", "require", "off" };

const unsigned int nr_choices = ARRAY_SIZE(choices);
