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
#include "signals.h"
#include "unlock.h"

/*
 * Takes the context. Returns 0 or a negative errno; has said nothing. A keyslot may have a key
 * that is not the volume's (cryptsetup luksAddKey --unbound), so the digest is asked as well.
 */
static int open_keyslot(struct crypt_device *cd, int slot,
			struct crypt_keyslot_context *kc, struct secret *key)
{
	int ret = crypt_volume_key_get_by_keyslot_context(cd, slot, key->bytes,
							  &key->size, kc);

	crypt_keyslot_context_free(kc);
	if (ret >= 0)
		ret = crypt_volume_key_verify(cd, key->bytes, key->size);
	return ret < 0 ? ret : 0;
}

static int by_passphrase(struct crypt_device *cd, const struct options *o,
			 const struct secret *passphrase, struct secret *key)
{
	struct crypt_keyslot_context *kc;
	int err;

	/* Of tokens, which may have been tried before. */
	message_note("");
	err = crypt_keyslot_context_init_by_passphrase(cd, passphrase->bytes,
						       passphrase->size, &kc);
	err = err ?: open_keyslot(cd, o->key_slot, kc, key);
	/* -ENOENT is what libcryptsetup says if the last one it tried is unbound. */
	if (err == -ENOENT || err == -EPERM)
		err = -EKEYREJECTED;
	if (err == -EKEYREJECTED && o->key_slot != ANY_NUMBER)
		say_error("no key of keyslot %d", o->key_slot);
	else if (err == -EKEYREJECTED)
		say_error("no key of any keyslot");
	else if (err)
		say_noted(-err, "%s: cannot be unlocked",
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

	for (tries = o->tries ?: -1;
	     err == -ENOANO && tries && prompt_possible(o);
	     tries -= tries > 0) {
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

static int by_prompt(struct crypt_device *cd, const struct options *o,
		     struct secret *key)
{
	struct secret passphrase;
	char question[PATH_MAX + 32];
	int err = -EKEYREJECTED, tries;

	snprintf(question, sizeof(question),
		 "Passphrase for %s: ", crypt_get_device_name(cd));
	for (tries = o->tries ?: -1; err == -EKEYREJECTED && tries;
	     tries -= tries > 0) {
		err = prompt(o, question, &passphrase);
		if (err)
			return err;
		err = by_passphrase(cd, o, &passphrase, key);
		secret_free(&passphrase);
	}
	return err;
}

static int by_file(struct crypt_device *cd, const struct options *o,
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

/* ERR is why the key file did not open it, which has been said. */
static int by_prompt_instead(struct crypt_device *cd, const struct options *o,
			     struct secret *key, int err)
{
	struct options asking = *o;

	asking.key_file = NULL;
	asking.keyfile_offset = 0;
	if (o->token_only || !prompt_possible(&asking))
		return err;
	say_error("%s: not opened by %s, so a passphrase is asked for",
		  crypt_get_device_name(cd), o->key_file);
	return by_prompt(cd, &asking, key);
}

static int try_all(struct crypt_device *cd, const struct options *o,
		   struct secret *key)
{
	const bool luks2 = !strcmp(crypt_get_type(cd), CRYPT_LUKS2);
	int err = -ENOENT;

	if (luks2 && !o->key_file)
		err = by_tokens(cd, o, key);
	if (!err || err == -EINTR)
		return err;
	if (o->token_only && !o->key_file)
		return say_noted(-err, "no token opens it");
	if (prompt_possible(o))
		return by_prompt(cd, o, key);
	err = by_file(cd, o, key);
	/* It is another one's, or it cannot be read. */
	if (o->ask_instead && (err == -EKEYREJECTED || err == -EINVAL))
		err = by_prompt_instead(cd, o, key, err);
	return err;
}

static int check_keyslots(struct crypt_device *cd, int slot)
{
	crypt_keyslot_info info;

	if (crypt_get_volume_key_size(cd) <= 0) {
		say_error("%s: has no keyslot with a key of the volume",
			  crypt_get_device_name(cd));
		return -EINVAL;
	}
	if (slot == ANY_NUMBER)
		return 0;
	info = crypt_keyslot_status(cd, slot);
	if (info == CRYPT_SLOT_ACTIVE || info == CRYPT_SLOT_ACTIVE_LAST)
		return 0;
	say_error("%s: keyslot %d has no key%s", crypt_get_device_name(cd),
		  slot, info == CRYPT_SLOT_UNBOUND ? " of the volume" : "");
	return -EINVAL;
}

/**
 * unlock() - open a keyslot
 * @cd: the device, whose LUKS header was loaded
 * @options: what to try
 * @key: set to the volume key
 *
 * Return: 0 or a negative errno, after having said why; -EINTR if a signal has come,
 * -EKEYREJECTED if what was tried last is no key of a keyslot.
 */
int unlock(struct crypt_device *cd, const struct options *options,
	   struct secret *key)
{
	int err = check_keyslots(cd, options->key_slot) ?:
			  secret_alloc(key, crypt_get_volume_key_size(cd));

	if (err)
		return err;
	/* One that came meanwhile had to wait: a keyslot takes its time. */
	err = try_all(cd, options, key) ?: signals_check();
	if (err)
		secret_free(key);
	return err;
}
