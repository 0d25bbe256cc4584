// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volume keys. The kernel's targets take them from a keyring, so that no table has
 * any; a thread's own keyring is one that nobody else can search, and that is gone
 * with the process, whatever ends it.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include <keyutils.h>
#include <libcryptsetup.h>

#include "message.h"
#include "secret.h"

int secret_alloc(struct secret *secret, size_t size)
{
	secret->bytes = crypt_safe_alloc(size);
	secret->size = secret->bytes ? size : 0;
	return secret->bytes ? 0 : say_errno(ENOMEM, "a volume key");
}

/* secret_random() - a key that nobody needs to know. */
int secret_random(struct secret *secret, size_t size)
{
	int err = secret_alloc(secret, size);

	if (err || getrandom(secret->bytes, size, 0) == (ssize_t)size)
		return err;
	secret_free(secret);
	return say_errno(EIO, "random numbers");
}

void secret_free(struct secret *secret)
{
	crypt_safe_free(secret->bytes);
	secret->bytes = NULL;
	secret->size = 0;
}

/* secret_publish() - as NAME, or one of our own if that is empty */
int secret_publish(const struct secret *secret, const char *name,
		   struct secret_ref *ref)
{
	static unsigned int number;
	const char *description;
	int len;

	len = snprintf(ref->text, sizeof(ref->text),
		       ":%zu:logon:", secret->size);
	description = ref->text + len;
	if (*name)
		snprintf(ref->text + len, sizeof(ref->text) - len, "%s", name);
	else
		snprintf(ref->text + len, sizeof(ref->text) - len,
			 "ksmsetup:%ld.%u", (long)getpid(), ++number);
	ref->serial = add_key("logon", description, secret->bytes, secret->size,
			      KEY_SPEC_THREAD_KEYRING);
	if (ref->serial < 0)
		return say_errno(errno, "the kernel's keyring");
	return 0;
}

void secret_withdraw(struct secret_ref *ref)
{
	if (ref->serial <= 0)
		return;
	/* Revoked as well: the kernel then overwrites it now. */
	keyctl_revoke(ref->serial);
	keyctl_unlink(ref->serial, KEY_SPEC_THREAD_KEYRING);
	ref->serial = 0;
}
