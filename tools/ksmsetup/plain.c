// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volumes without a header. Their key is made as cryptsetup makes it: the hash of a passphrase,
 * or the bytes of a file. All functions return 0 or a negative errno, and have said why.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <libcryptsetup.h>

#include "message.h"
#include "plain.h"
#include "prompt.h"
#include "signals.h"

/*
 * The bytes of a file are the key, as for "cryptsetup open", which ignores the hash; systemd
 * hashes them. Nothing would tell that it is the wrong one of both. What is random is so with a
 * hash, too.
 */
static int check_hash(const struct options *o)
{
	if (!o->hash || !strcmp(o->hash, "plain") || !o->key_file ||
	    !strcmp(o->key_file, "-") || key_is_random(o->key_file))
		return 0;
	say_error(
		"--hash %s: would do nothing, as the bytes of the key file are the key: leave it out, or say plain (systemd takes their hash, and so does --key-file -)",
		o->hash);
	return -EINVAL;
}

/* plain_check() - cryptsetup's defaults were others in each of its versions. */
int plain_check(const struct options *o)
{
	const char *missing = NULL;

	if (o->test_passphrase) {
		say_error(
			"--test-passphrase: a plain volume has nothing that tells a wrong passphrase");
		return -EINVAL;
	}
	if (!o->cipher)
		missing = "--cipher, for example aes-xts-plain64";
	else if (!o->key_bits || o->key_bits % 8)
		missing = "--key-size, in bits, for example 512";
	else if (!o->key_file && !o->hash)
		missing = "--hash, or --key-file";
	if (missing) {
		say_error(
			"a plain volume has no header that would tell: needs %s",
			missing);
		return -EINVAL;
	}
	return check_hash(o) ?:
		       options_refuse(o, OPTIONS_OF_KEYSLOTS " persistent",
				      "a plain volume");
}

static int ask(const struct options *o, const char *device,
	       struct secret *passphrase)
{
	char question[PATH_MAX + 32];
	struct secret again;
	int err;

	snprintf(question, sizeof(question), "Passphrase for %s: ", device);
	err = prompt(o, question, passphrase);
	if (err || !o->verify_passphrase)
		return err;
	err = prompt(o, "Again: ", &again);
	if (!err && (again.size != passphrase->size ||
		     memcmp(again.bytes, passphrase->bytes, again.size))) {
		say_error("that was another passphrase");
		err = -EKEYREJECTED;
	}
	secret_free(&again);
	if (err)
		secret_free(passphrase);
	return err;
}

/* By libcryptsetup, which does that for a device without a header. */
static int hash_passphrase(const struct options *o, const char *device,
			   const struct secret *passphrase, struct secret *key)
{
	struct crypt_params_plain params = { .hash = o->hash,
					     .sector_size = 512 };
	const size_t dash = strcspn(o->cipher, "-");
	struct crypt_device *cd;
	char cipher[96];
	int err;

	if (!o->cipher[dash]) {
		say_error("--cipher %s: has no mode", o->cipher);
		return -EINVAL;
	}
	snprintf(cipher, sizeof(cipher), "%.*s", (int)dash, o->cipher);
	err = crypt_init(&cd, device);
	if (err)
		return say_noted(-err, "%s", device);
	err = crypt_format(cd, CRYPT_PLAIN, cipher, o->cipher + dash + 1, NULL,
			   NULL, key->size, &params);
	if (!err)
		err = crypt_volume_key_get(cd, CRYPT_ANY_SLOT, key->bytes,
					   &key->size, passphrase->bytes,
					   passphrase->size);
	crypt_free(cd);
	return err < 0 ? say_noted(-err, "--hash %s", o->hash) : 0;
}

/* Its first bytes, or zeros after it. */
static void copy_passphrase(const struct secret *passphrase, struct secret *key)
{
	const size_t size = passphrase->size < key->size ? passphrase->size :
							   key->size;

	memset(key->bytes, 0, key->size);
	memcpy(key->bytes, passphrase->bytes, size);
}

static int read_passphrase(const struct options *o, bool hash, size_t key_size,
			   const char *device, struct secret *passphrase)
{
	if (prompt_possible(o))
		return ask(o, device, passphrase);
	return read_key_file(o, o->key_file && !hash ? key_size : 0,
			     passphrase);
}

/* plain_key() - to be freed */
int plain_key(const struct options *o, const char *device, struct secret *key)
{
	const bool hash = o->hash && strcmp(o->hash, "plain");
	const size_t size = o->key_bits / 8;
	struct secret passphrase;
	int err;

	/* A file is the key, whatever the hash and --keyfile-size are. */
	if (o->key_file && strcmp(o->key_file, "-"))
		return read_key_file(o, size, key);
	if (!o->hash) {
		say_error("needs --hash; if the passphrase is the key: plain");
		return -EINVAL;
	}
	err = read_passphrase(o, hash, size, device, &passphrase);
	if (err)
		return err;
	err = secret_alloc(key, size);
	if (!err && hash)
		err = hash_passphrase(o, device, &passphrase, key);
	else if (!err)
		copy_passphrase(&passphrase, key);
	secret_free(&passphrase);
	err = err ?: signals_check();
	if (err)
		secret_free(key);
	return err;
}
