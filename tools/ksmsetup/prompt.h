/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passphrases: from a terminal, the standard input or a file.
 */
#ifndef KSMSETUP_PROMPT_H
#define KSMSETUP_PROMPT_H

#include <stdbool.h>

#include "options.h"
#include "secret.h"

bool prompt_possible(const struct options *options);
int prompt(const struct options *options, const char *question,
	   struct secret *passphrase);
int read_key_file(const struct options *options, size_t size,
		  struct secret *key);

#endif /* KSMSETUP_PROMPT_H */
