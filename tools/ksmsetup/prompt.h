/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passphrases: from a terminal, the standard input or a file.
 */
#ifndef KSMSETUP_PROMPT_H
#define KSMSETUP_PROMPT_H

#include <stdbool.h>

#include "options.h"
#include "secret.h"

/* What a passphrase on a terminal may have at most, as with cryptsetup. */
#define PASSPHRASE_MAX 512

bool prompt_possible(void);
int prompt(const char *question, int timeout, struct secret *passphrase);
int read_line_of_stdin(struct secret *passphrase);
int read_key_file(const struct options *options, size_t size, struct secret *key);

#endif /* KSMSETUP_PROMPT_H */
