// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys as tables and messages give them. The syntax is dm-crypt's: hex digits,
 * or ":<size>:<type>:<description>" for a key in the caller's keyrings.
 */
#define DM_MSG_PREFIX "ksm"

#include <linux/ctype.h>
#include <linux/device-mapper.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <keys/encrypted-type.h>
#include <keys/trusted-type.h>
#include <keys/user-type.h>

#include <ksm/core.h>

#include "keyref.h"

/* No cipher has a key of fewer hex digits. */
#define KEY_DIGITS 32

/**
 * struct key_kind - a type of keys that can be used
 * @prefix: as in the key reference, with the colon
 * @type: the key type, NULL if this kernel has it not for modules
 * @payload: finds the secret and its size in a key whose semaphore is held;
 *	NULL if the key has been revoked
 */
struct key_kind {
	const char *prefix;
	struct key_type *type;
	const u8 *(*payload)(struct key *key, unsigned int *size);
};

static const u8 *user_payload(struct key *key, unsigned int *size)
{
	const struct user_key_payload *p = user_key_payload_locked(key);

	if (!p)
		return NULL;
	*size = p->datalen;
	return p->data;
}

#ifdef KSM_HAVE_KEY_TYPE_ENCRYPTED
static const u8 *encrypted_payload(struct key *key, unsigned int *size)
{
	const struct encrypted_key_payload *p = key->payload.data[0];

	if (!p)
		return NULL;
	*size = p->decrypted_datalen;
	return p->decrypted_data;
}
#endif

#ifdef KSM_HAVE_KEY_TYPE_TRUSTED
static const u8 *trusted_payload(struct key *key, unsigned int *size)
{
	const struct trusted_key_payload *p = key->payload.data[0];

	if (!p)
		return NULL;
	*size = p->key_len;
	return p->key;
}
#endif

static const struct key_kind key_kinds[] = {
	{ "logon:", &key_type_logon, user_payload },
	{ "user:", &key_type_user, user_payload },
#ifdef KSM_HAVE_KEY_TYPE_ENCRYPTED
	{ "encrypted:", &key_type_encrypted, encrypted_payload },
#else
	{ "encrypted:", NULL, NULL },
#endif
#ifdef KSM_HAVE_KEY_TYPE_TRUSTED
	{ "trusted:", &key_type_trusted, trusted_payload },
#else
	{ "trusted:", NULL, NULL },
#endif
};

static const struct key_kind *find_kind(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(key_kinds); i++) {
		if (!strncmp(name, key_kinds[i].prefix,
			     strlen(key_kinds[i].prefix)))
			return &key_kinds[i];
	}
	return NULL;
}

static bool has_space(const char *s)
{
	for (; *s; s++) {
		if (isspace(*s))
			return true;
	}
	return false;
}

/* @arg is what follows the first colon: "<size>:<type>:<description>". */
static int parse_keyring(struct ksm_keyref *ref, const char *arg, char **error)
{
	const struct key_kind *kind;
	const char *name, *desc;
	char size[8];

	name = strchr(arg, ':');
	if (!name || name == arg || name - arg >= sizeof(size))
		goto malformed;
	memcpy(size, arg, name - arg);
	size[name - arg] = '\0';
	if (kstrtouint(size, 10, &ref->size))
		goto malformed;
	name++;
	desc = strchr(name, ':');
	if (!desc || desc == name || !desc[1])
		goto malformed;

	kind = find_kind(name);
	if (!kind) {
		*error =
			"Key type is not one of logon, user, encrypted, trusted";
		return -EINVAL;
	}
	if (!kind->type) {
		*error = "Key type is not available to modules in this kernel";
		return -EINVAL;
	}
	/* A name with spaces could not be shown in a table line. */
	if (has_space(name)) {
		*error = "Key description contains white space";
		return -EINVAL;
	}

	ref->name = kstrdup(name, GFP_KERNEL);
	if (!ref->name) {
		*error = "Out of memory";
		return -ENOMEM;
	}
	return 0;

malformed:
	*error = "Key reference is not :<size>:<type>:<description>";
	return -EINVAL;
}

/**
 * ksm_keyref_parse() - take apart a key argument, without reading the key
 * @ref: set to what it says; ksm_keyref_exit() frees it
 * @arg: the argument
 * @error: set to a sentence if this fails
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int ksm_keyref_parse(struct ksm_keyref *ref, const char *arg, char **error)
{
	size_t len = strlen(arg);

	memset(ref, 0, sizeof(*ref));
	if (!strcmp(arg, KSM_KEY_REDACTED)) {
		*error =
			"Key is redacted in this table line, put the real key in its place";
		return -EINVAL;
	}
	if (arg[0] == ':')
		return parse_keyring(ref, arg + 1, error);

	if (!strcmp(arg, "-")) {
		*error = "No key given";
		return -EINVAL;
	}
	if (len % 2) {
		*error = "Key has an odd number of hex digits";
		return -EINVAL;
	}
	ref->size = len / 2;
	return 0;
}

static int read_keyring(const struct ksm_keyref *ref, u8 *raw, char **error)
{
	const struct key_kind *kind = find_kind(ref->name);
	unsigned int size;
	struct key *key;
	const u8 *data;
	int err = 0;

	key = request_key(kind->type, ref->name + strlen(kind->prefix), NULL);
	if (IS_ERR(key)) {
		err = PTR_ERR(key);
		if (err == -EKEYREVOKED)
			*error = "Key has been revoked";
		else if (err == -EKEYEXPIRED)
			*error = "Key has expired";
		else
			*error =
				"Key not found in the keyrings, or it has expired";
		return err;
	}

	down_read(&key->sem);
	data = kind->payload(key, &size);
	if (!data) {
		*error = "Key has been revoked";
		err = -EKEYREVOKED;
	} else if (size != ref->size) {
		*error = "Key in the keyring has another size than given";
		err = -EINVAL;
	} else {
		memcpy(raw, data, size);
	}
	up_read(&key->sem);
	key_put(key);
	return err;
}

/**
 * ksm_keyref_read() - get the secret
 * @ref: what @arg says
 * @arg: the argument that @ref was made from
 * @raw: set to the secret; KSM_MAX_KEY_SIZE bytes, which @ref's size fits in
 * @error: set to a sentence if this fails
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno; @raw then holds nothing secret.
 */
int ksm_keyref_read(const struct ksm_keyref *ref, const char *arg, u8 *raw,
		    char **error)
{
	if (ref->name)
		return read_keyring(ref, raw, error);

	if (hex2bin(raw, arg, ref->size)) {
		memzero_explicit(raw, ref->size);
		*error = "Key has characters that are not hex digits";
		return -EINVAL;
	}
	return 0;
}

/**
 * ksm_keyref_exit() - free what ksm_keyref_parse() allocated
 * @ref: the reference
 */
void ksm_keyref_exit(struct ksm_keyref *ref)
{
	/* In a wrong line the description is the key. */
	kfree_sensitive(ref->name);
	ref->name = NULL;
}

/**
 * ksm_keyref_wipe_arg() - overwrite a key argument
 * @arg: the argument
 *
 * It lies in the buffer that device mapper copied from user space.
 */
void ksm_keyref_wipe_arg(char *arg)
{
	memset(arg, '0', strlen(arg));
	barrier_data(arg);
}

/**
 * ksm_keyref_is_misplaced() - whether an argument is a key in a wrong place
 * @arg: what should be a device
 *
 * Who looks up a device by a name copies it and does not wipe the copy. If it is
 * nothing but hex digits, and as many as the smallest key has, it is overwritten.
 *
 * Return: true if it was.
 */
bool ksm_keyref_is_misplaced(char *arg)
{
	size_t len = strlen(arg);

	if (len < KEY_DIGITS || strspn(arg, "0123456789abcdefABCDEF") < len)
		return false;
	DMERR("device is nothing but hex digits, as keys are");
	ksm_keyref_wipe_arg(arg);
	return true;
}
