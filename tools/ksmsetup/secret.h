/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Volume keys: in locked memory, and in the kernel's keyring for as long as it
 * takes to load a table.
 */
#ifndef KSMSETUP_SECRET_H
#define KSMSETUP_SECRET_H

#include <stddef.h>

/* What a passphrase that somebody types may have at most, as with cryptsetup. */
#define PASSPHRASE_MAX 512
#define PASSPHRASE_TOO_LONG \
	"the passphrase is longer than %d characters; use --key-file"
/* A key's name in a keyring */
#define SECRET_NAME_SIZE 64
/* That, its type and size */
#define SECRET_REF_SIZE	 128

/**
 * struct secret - a volume key
 * @bytes: locked memory of libcryptsetup's, overwritten when it is freed
 * @size: in bytes
 */
struct secret {
	char *bytes;
	size_t size;
};

int secret_alloc(struct secret *secret, size_t size);
int secret_random(struct secret *secret, size_t size);
void secret_free(struct secret *secret);

/**
 * struct secret_ref - a key in this thread's keyring
 * @serial: its number
 * @text: the key as it is named in a table, ":<size>:logon:<description>"
 */
struct secret_ref {
	long serial;
	char text[SECRET_REF_SIZE];
};

int secret_publish(const struct secret *secret, const char *name,
		   struct secret_ref *ref);
void secret_withdraw(struct secret_ref *ref);

#endif /* KSMSETUP_SECRET_H */
