// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ciphers that ksm has.
 */
#include "ciphers.h"

const struct cipher ciphers[CIPHER_COUNT] = {
	{ "aes-xts-plain64", "AES-256-XTS", "aes", "xts", 64, 16 },
	{ "aes-xts-plain64", "AES-128-XTS", "aes", "xts", 32, 16 },
	{ "aes-cbc-essiv:sha256", "AES-256-CBC-ESSIV", "aes", "cbc", 32, 16 },
	{ "aes-cbc-essiv:sha256", "AES-128-CBC-ESSIV", "aes", "cbc", 16, 16 },
	{ "xchacha12,aes-adiantum-plain64", "Adiantum", "xchacha12,aes",
	  "adiantum", 32, 32 },
	{ "sm4-xts-plain64", "SM4-XTS", "sm4", "xts", 32, 16 },
};
