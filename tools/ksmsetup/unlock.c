// SPDX-License-Identifier: GPL-2.0-only
/*
 * The volume key of a LUKS volume. libcryptsetup opens the keyslots; here is in
 * which order what is tried.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "prompt.h"
#include "unlock.h"

/* Takes the context. Returns 0 or a negative errno; has said nothing. */
static int open_keyslot(struct crypt_device *cd, int slot,
			struct crypt_keyslot_context *kc, struct secret *key)
{
	int ret = crypt_volume_key_get_by_keyslot_context(cd, slot, key->bytes,
							  &key->size, kc);

	crypt_keyslot_context_free(kc);
	return ret < 0 ? ret : 0;
}

static int by_passphrase(struct crypt_device *cd, const struct options *o,
			 const struct secret *passphrase, struct secret *key)
{
	struct crypt_keyslot_context *kc;
	int err;

	err = crypt_keyslot_context_init_by_passphrase(cd, passphrase->bytes,
						       passphrase->size, &kc);
	err = err ?: open_keyslot(cd, o->key_slot, kc, key);
	if (err == -EPERM && o->key_slot != ANY_NUMBER)
		say_error("no key of keyslot %d", o->key_slot);
	else if (err == -EPERM)
		say_error("no key of any keyslot");
	else if (err)
		say_errno(-err, "%s: cannot be unlocked",
			  crypt_get_device_name(cd));
	return err;
}

static int by_token(struct crypt_device *cd, const struct options *o,
		    const char *pin, size_t pin_size, struct secret *key)
{
	struct crypt_keyslot_context *kc;
	int err;

	err = crypt_keyslot_context_init_by_token(
		cd, o->token_id, o->token_type, pin, pin_size, NULL, &kc);
	return err ?: open_keyslot(cd, o->key_slot, kc, key);
}

/*
 * 0, or a negative errno. -ENOANO: a token wants a PIN. -ENOENT: there is no token
 * that could be tried.
 */
static int by_tokens(struct crypt_device *cd, const struct options *o,
		     struct secret *key)
{
	struct secret pin;
	int err = by_token(cd, o, NULL, 0, key), tries;

	for (tries = o->tries; err == -ENOANO && tries && prompt_possible(o);
	     tries--) {
		err = prompt(o, "PIN of the token: ", &pin);
		if (err)
			return err;
		err = by_token(cd, o, pin.bytes, pin.size, key);
		secret_free(&pin);
	}
	if (err == -ENOANO)
		say_error("a token wants a PIN%s",
			  prompt_possible(o) ? ", another one" : "");
	return err;
}

static int by_key_file(struct crypt_device *cd, const struct options *o,
		       struct secret *key)
{
	struct secret passphrase;
	int err = read_key_file(o, 0, &passphrase);

	if (err)
		return err;
	err = by_passphrase(cd, o, &passphrase, key);
	secret_free(&passphrase);
	return err;
}

static int by_terminal(struct crypt_device *cd, const struct options *o,
		       struct secret *key)
{
	struct secret passphrase;
	char question[PATH_MAX + 32];
	int err = -EPERM, tries;

	snprintf(question, sizeof(question),
		 "Passphrase for %s: ", crypt_get_device_name(cd));
	for (tries = o->tries ?: -1; err == -EPERM && tries;
	     tries -= tries > 0) {
		err = prompt(o, question, &passphrase);
		if (err)
			return err;
		err = by_passphrase(cd, o, &passphrase, key);
		secret_free(&passphrase);
	}
	return err;
}

static int by_stdin(struct crypt_device *cd, const struct options *o,
		    struct secret *key)
{
	struct secret passphrase;
	int err = read_line_of_stdin(&passphrase);

	if (err)
		return err;
	err = by_passphrase(cd, o, &passphrase, key);
	secret_free(&passphrase);
	return err;
}

static int try_all(struct crypt_device *cd, const struct options *o,
		   struct secret *key)
{
	const bool luks2 = !strcmp(crypt_get_type(cd), CRYPT_LUKS2);
	int err = -ENOENT;

	if (o->key_file)
		return by_key_file(cd, o, key);
	if (luks2)
		err = by_tokens(cd, o, key);
	if (!err || o->token_only) {
		if (err)
			say_errno(-err, "no token opens it");
		return err;
	}
	return prompt_possible(o) ? by_terminal(cd, o, key) :
				    by_stdin(cd, o, key);
}

/**
 * unlock() - open a keyslot
 * @cd: the device, whose LUKS header was loaded
 * @options: what to try
 * @key: set to the volume key
 *
 * Return: 0 or a negative errno, after having said why.
 */
int unlock(struct crypt_device *cd, const struct options *options,
	   struct secret *key)
{
	int err;

	if (options->key_slot != ANY_NUMBER &&
	    crypt_keyslot_status(cd, options->key_slot) < CRYPT_SLOT_ACTIVE) {
		say_error("%s: keyslot %d has no key",
			  crypt_get_device_name(cd), options->key_slot);
		return -EINVAL;
	}
	err = secret_alloc(key, crypt_get_volume_key_size(cd));
	if (err)
		return err;
	err = try_all(cd, options, key);
	if (err)
		secret_free(key);
	return err;
}
