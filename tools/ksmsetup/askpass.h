/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passphrases from a program that asks for them: systemd-ask-password, plymouth, that of
 * an initramfs.
 */
#ifndef KSMSETUP_ASKPASS_H
#define KSMSETUP_ASKPASS_H

#include "secret.h"

int askpass(const char *command, const char *question,
	    struct secret *passphrase);

#endif /* KSMSETUP_ASKPASS_H */
