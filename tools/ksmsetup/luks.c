// SPDX-License-Identifier: GPL-2.0-only
/*
 * LUKS headers, by libcryptsetup. All functions return 0 or a negative errno, and have said
 * why.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "luks.h"
#include "message.h"

/* The text at KEY of an object; "" if there is none, or OBJECT is something else. */
static const char *text_at(struct json_object *object, const char *key)
{
	struct json_object *text;

	if (!json_object_object_get_ex(object, key, &text) ||
	    !json_object_is_type(text, json_type_string))
		return "";
	return json_object_get_string(text);
}

/*
 * Adds what only the JSON of a LUKS2 header says of its segment 0. libcryptsetup has validated
 * it, which is not relied upon.
 */
static int parse_segment(struct json_object *header, uint64_t *sectors)
{
	struct json_object *segments, *segment;
	const char *size;
	char *end;

	if (!json_object_object_get_ex(header, "segments", &segments) ||
	    !json_object_is_type(segments, json_type_object) ||
	    json_object_object_length(segments) != 1 ||
	    !json_object_object_get_ex(segments, "0", &segment) ||
	    strcmp(text_at(segment, "type"), "crypt"))
		return -EINVAL;
	size = text_at(segment, "size");
	if (!strcmp(size, "dynamic")) {
		*sectors = 0;
		return 0;
	}
	errno = 0;
	*sectors = strtoull(size, &end, 10) >> 9;
	/* None would be all of the device. */
	return errno || *end || !*sectors ? -EINVAL : 0;
}

static bool is_of_segment(struct json_object *digest)
{
	struct json_object *segments;
	size_t i;

	if (!json_object_object_get_ex(digest, "segments", &segments) ||
	    !json_object_is_type(segments, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(segments); i++) {
		struct json_object *segment =
			json_object_array_get_idx(segments, i);

		if (json_object_is_type(segment, json_type_string) &&
		    !strcmp(json_object_get_string(segment), "0"))
			return true;
	}
	return false;
}

/*
 * cryptsetup names a key in the keyring after the volume and the digest that verifies it, and
 * changes no mapping of dm-crypt whose key has another name.
 */
static void parse_key_name(struct volume *v, struct json_object *header)
{
	struct json_object *digests;

	if (!json_object_object_get_ex(header, "digests", &digests) ||
	    !json_object_is_type(digests, json_type_object))
		return;
	json_object_object_foreach(digests, number, digest)
	{
		if (is_of_segment(digest))
			snprintf(v->key_name, sizeof(v->key_name),
				 "cryptsetup:%s-d%.2s", v->uuid, number);
	}
}

/**
 * luks_parse() - what the JSON of a LUKS2 header says
 * @volume: its key_name is set, by its uuid
 * @text: of the header
 * @sectors: set to the size of the data, 0 if that goes to the end of the device
 *
 * Return: 0; -EINVAL, said nothing, if that is not one segment of encrypted data.
 */
int luks_parse(struct volume *v, const char *text, uint64_t *sectors)
{
	struct json_object *header = json_tokener_parse(text);
	int err = parse_segment(header, sectors);

	if (!err)
		parse_key_name(v, header);
	json_object_put(header);
	return err;
}

static int parse_header(struct volume *v, struct crypt_device *cd,
			uint64_t *sectors)
{
	const char *text;
	int err = crypt_dump_json(cd, &text, 0);

	if (err)
		return say_noted(-err, "the segments of the header");
	err = luks_parse(v, text, sectors);
	if (err)
		say_error(
			"%s: its header has other segments than one of encrypted data; use cryptsetup",
			crypt_get_device_name(cd));
	return err;
}

/* What no target of ours does. */
static int check_luks2(struct crypt_device *cd)
{
	struct crypt_params_integrity integrity = { 0 };
	uint32_t requirements;
	int err;

	err = crypt_persistent_flags_get(cd, CRYPT_FLAGS_REQUIREMENTS,
					 &requirements);
	if (err)
		return say_noted(-err, "the requirements of the header");
	if (requirements) {
		say_error(
			"%s: is being reencrypted, or needs something else that only cryptsetup can; use that",
			crypt_get_device_name(cd));
		return -ENOTSUP;
	}
	if (!crypt_get_integrity_info(cd, &integrity) && integrity.integrity) {
		say_error(
			"%s: has checksums of each sector (%s), which ksm has not; use cryptsetup",
			crypt_get_device_name(cd), integrity.integrity);
		return -ENOTSUP;
	}
	return 0;
}

/**
 * luks_load() - read a header
 * @cd: set; crypt_free() it
 * @options: the version, and where the header is
 * @device: with the data
 */
int luks_load(struct crypt_device **cd, const struct options *o,
	      const char *device)
{
	const char *type = CRYPT_LUKS;
	int err;

	if (!strcmp(o->type, "luks1"))
		type = CRYPT_LUKS1;
	else if (!strcmp(o->type, "luks2"))
		type = CRYPT_LUKS2;
	err = crypt_init_data_device(cd, o->header ?: device, device);
	if (err)
		return say_noted(-err, "%s", o->header ?: device);
	err = crypt_load(*cd, type, NULL);
	if (!err)
		return 0;
	crypt_free(*cd);
	if (err == -EINVAL || err == -ENOENT)
		say_error("%s: has no valid %s header%s", o->header ?: device,
			  o->type,
			  o->header ? "" :
				      "; if that is elsewhere: --header FILE");
	else
		say_noted(-err, "%s: reading the header", o->header ?: device);
	return err;
}

/**
 * luks_describe() - all that a header says
 * @volume: those fields are set
 * @cd: its header, which was loaded
 * @sectors: of its data, 0 if that goes to the end of the device
 */
int luks_describe(struct volume *v, struct crypt_device *cd, uint64_t *sectors)
{
	uint32_t flags = 0;

	snprintf(v->type, sizeof(v->type), "%s", crypt_get_type(cd));
	snprintf(v->uuid, sizeof(v->uuid), "%s", crypt_get_uuid(cd));
	snprintf(v->cipher, sizeof(v->cipher), "%s-%s", crypt_get_cipher(cd),
		 crypt_get_cipher_mode(cd));
	v->offset = crypt_get_data_offset(cd);
	v->iv_offset = crypt_get_iv_offset(cd);
	v->sector_size = crypt_get_sector_size(cd);
	if (!crypt_persistent_flags_get(cd, CRYPT_FLAGS_ACTIVATION, &flags))
		v->flags |= flags;
	*sectors = 0;
	if (strcmp(v->type, CRYPT_LUKS2))
		return 0;
	return check_luks2(cd) ?: parse_header(v, cd, sectors);
}

/* luks_check_persistent() - before a passphrase is asked for in vain */
int luks_check_persistent(struct crypt_device *cd)
{
	if (!strcmp(crypt_get_type(cd), CRYPT_LUKS2))
		return 0;
	say_error("--persistent: only LUKS2 headers can keep flags");
	return -EINVAL;
}

/* luks_keep_flags() - besides those that the header has */
int luks_keep_flags(const struct options *o, const char *device)
{
	struct crypt_device *cd;
	uint32_t flags = 0;
	int err = luks_load(&cd, o, device);

	if (err)
		return err;
	err = crypt_persistent_flags_get(cd, CRYPT_FLAGS_ACTIVATION, &flags);
	if (o->allow_discards)
		flags |= CRYPT_ACTIVATE_ALLOW_DISCARDS;
	err = err   ?:
		      crypt_persistent_flags_set(cd, CRYPT_FLAGS_ACTIVATION,
						 flags);
	if (err)
		say_noted(-err, "%s: flags in the header", device);
	crypt_free(cd);
	return err;
}
