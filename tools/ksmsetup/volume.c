// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encrypted volumes. All functions return 0 or a negative errno, and have said why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <json-c/json.h>
#include <libcryptsetup.h>
#include <linux/fs.h>

#include "message.h"
#include "prompt.h"
#include "unlock.h"
#include "volume.h"

#define SECTOR_SHIFT 9

/*
 * Finds out its number and size. Two mappings of a volume would each have a cache of their
 * own; device mapper lets its devices share one, so whether it is UNUSED is asked here.
 */
static int look_at_device(struct volume *v, const char *device, bool unused,
			  uint64_t *sectors)
{
	struct stat st;
	uint64_t bytes;
	int fd, err = 0;

	fd = open(device, O_RDONLY | O_CLOEXEC | (unused ? O_EXCL : 0));
	if (fd < 0 && errno == EBUSY) {
		say_error("%s: is in use: mounted, or another mapping has it",
			  device);
		return -EBUSY;
	}
	if (fd < 0)
		return say_errno(errno, "%s", device);
	if (fstat(fd, &st))
		err = say_errno(errno, "%s", device);
	else if (!S_ISBLK(st.st_mode)) {
		say_error(
			"%s: not a block device; for a file, losetup makes one",
			device);
		err = -ENOTBLK;
	} else if (ioctl(fd, BLKGETSIZE64, &bytes))
		err = say_errno(errno, "%s", device);
	close(fd);
	if (err)
		return err;
	snprintf(v->device, sizeof(v->device), "%s", device);
	snprintf(v->number, sizeof(v->number), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	*sectors = bytes >> SECTOR_SHIFT;
	return 0;
}

/* device_path() - of a device whose "major:minor" is known. */
int device_path(const char *number, char *path, size_t size)
{
	char name[64], line[256];
	FILE *f;

	/* A table may have a path instead. */
	if (*number == '/') {
		snprintf(path, size, "%s", number);
		return 0;
	}
	/* Not by udev's link, which an initramfs may lack. */
	snprintf(name, sizeof(name), "/sys/dev/block/%s/uevent", number);
	f = fopen(name, "re");
	if (!f)
		return say_errno(errno, "%s: the device below", number);
	*path = 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "DEVNAME=", 8))
			snprintf(path, size, "/dev/%.*s",
				 (int)strcspn(line + 8, "\n"), line + 8);
	fclose(f);
	return *path ? 0 : say_errno(ENODEV, "%s: the device below", number);
}

/* The data lies from v->offset on; WANTED sectors of it, or 0 for all. */
static int set_size(struct volume *v, uint64_t device_sectors, uint64_t wanted)
{
	const uint64_t unit = v->sector_size >> SECTOR_SHIFT;
	uint64_t room =
		device_sectors > v->offset ? device_sectors - v->offset : 0;

	room -= room % unit;
	v->sectors = wanted ?: room;
	if (!room || v->sectors > room) {
		say_error(
			"%s: has %llu sectors, of which the data would begin at %llu and take %llu",
			v->device, (unsigned long long)device_sectors,
			(unsigned long long)v->offset,
			(unsigned long long)(wanted ?: unit));
		return -EINVAL;
	}
	if (v->sectors % unit) {
		say_error(
			"a size of %llu is not a multiple of the sector size, %llu sectors of 512 bytes",
			(unsigned long long)v->sectors,
			(unsigned long long)unit);
		return -EINVAL;
	}
	return 0;
}

/* ---- LUKS ---- */

/* The size of LUKS2's only segment in sectors, 0 if it goes to the end of the device. */
static int segment_size(struct crypt_device *cd, uint64_t *sectors)
{
	struct json_object *header = NULL, *segments, *segment, *type, *size;
	const char *text;
	int err = crypt_dump_json(cd, &text, 0);

	if (!err && !(header = json_tokener_parse(text)))
		err = -EINVAL;
	if (!err && json_object_object_get_ex(header, "segments", &segments) &&
	    json_object_object_length(segments) == 1 &&
	    json_object_object_get_ex(segments, "0", &segment) &&
	    json_object_object_get_ex(segment, "type", &type) &&
	    !strcmp(json_object_get_string(type), "crypt") &&
	    json_object_object_get_ex(segment, "size", &size)) {
		text = json_object_get_string(size);
		*sectors = strcmp(text, "dynamic") ?
				   strtoull(text, NULL, 10) >> SECTOR_SHIFT :
				   0;
	} else {
		err = err ?: -EINVAL;
	}
	json_object_put(header);
	if (err == -EINVAL)
		say_error(
			"%s: its header has other segments than one of encrypted data; use cryptsetup",
			crypt_get_device_name(cd));
	else if (err)
		say_errno(-err, "the segments of the header");
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
		return say_errno(-err, "the requirements of the header");
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

/* @device is NULL if there is to be no mapping. */
static int describe_luks(struct volume *v, struct crypt_device *cd,
			 const struct options *o, const char *device,
			 bool unused)
{
	uint64_t device_sectors, segment = 0;
	uint32_t flags = 0;
	bool luks2;
	int err;

	luks2 = !strcmp(crypt_get_type(cd), CRYPT_LUKS2);
	snprintf(v->type, sizeof(v->type), "%s", crypt_get_type(cd));
	snprintf(v->uuid, sizeof(v->uuid), "%s", crypt_get_uuid(cd));
	snprintf(v->cipher, sizeof(v->cipher), "%s-%s", crypt_get_cipher(cd),
		 crypt_get_cipher_mode(cd));
	v->offset = crypt_get_data_offset(cd);
	v->iv_offset = crypt_get_iv_offset(cd);
	v->sector_size = crypt_get_sector_size(cd);
	err = luks2 ? check_luks2(cd) ?: segment_size(cd, &segment) : 0;
	if (err || !device)
		return err;
	err = look_at_device(v, device, unused, &device_sectors);
	if (err)
		return err;
	if (!crypt_persistent_flags_get(cd, CRYPT_FLAGS_ACTIVATION, &flags) &&
	    (flags & CRYPT_ACTIVATE_ALLOW_DISCARDS))
		v->allow_discards = true;
	return set_size(v, device_sectors, o->size ?: segment);
}

static int load_header(struct crypt_device **cd, const struct options *o,
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
		return say_errno(-err, "%s", o->header ?: device);
	err = crypt_load(*cd, type, NULL);
	if (!err)
		return 0;
	crypt_free(*cd);
	if (err == -EINVAL || err == -ENOENT)
		say_error(
			"%s: has no valid %s header; if there is none at all: --type plain",
			o->header ?: device, o->type);
	else
		say_errno(-err, "%s: reading the header", o->header ?: device);
	return err;
}

static int keep_flags(struct crypt_device *cd, const struct options *o)
{
	uint32_t flags = 0;
	int err =
		crypt_persistent_flags_get(cd, CRYPT_FLAGS_ACTIVATION, &flags);

	/* Those of dm-crypt that have no effect here stay as they are. */
	flags &= ~CRYPT_ACTIVATE_ALLOW_DISCARDS;
	if (o->allow_discards)
		flags |= CRYPT_ACTIVATE_ALLOW_DISCARDS;
	err = err   ?:
		      crypt_persistent_flags_set(cd, CRYPT_FLAGS_ACTIVATION,
						 flags);
	return err ? say_errno(-err, "--persistent (for LUKS2 only)") : 0;
}

static int unlock_luks(struct volume *v, const struct options *o,
		       const char *device, bool unused)
{
	struct crypt_device *cd;
	int err = load_header(&cd, o, device);

	if (err)
		return err;
	err = describe_luks(v, cd, o, o->test_passphrase ? NULL : device, unused) ?:
		      unlock(cd, o, &v->key);
	if (!err && o->persistent)
		err = keep_flags(cd, o);
	crypt_free(cd);
	return err;
}

/* ---- without a header ---- */

static int check_plain(const struct options *o)
{
	const char *missing = NULL;

	/* cryptsetup's defaults were others in each of its versions. */
	if (!o->cipher)
		missing = "--cipher, for example aes-xts-plain64";
	else if (!o->key_bits || o->key_bits % 8)
		missing = "--key-size, in bits, for example 512";
	else if (!o->key_file && !o->hash)
		missing = "--hash, or --key-file";
	if (!missing)
		return 0;
	say_error("a plain volume has no header that would tell: needs %s",
		  missing);
	return -EINVAL;
}

static int plain_passphrase(const struct options *o, const char *device,
			    struct secret *passphrase)
{
	char question[PATH_MAX + 32];
	struct secret again;
	int err;

	if (!prompt_possible(o))
		return read_line_of_stdin(passphrase);
	snprintf(question, sizeof(question), "Passphrase for %s: ", device);
	err = prompt(o, question, passphrase);
	if (err || !o->verify_passphrase)
		return err;
	err = prompt(o, "Again: ", &again);
	if (!err && (again.size != passphrase->size ||
		     memcmp(again.bytes, passphrase->bytes, again.size))) {
		say_error("that was another passphrase");
		err = -EPERM;
	}
	secret_free(&again);
	if (err)
		secret_free(passphrase);
	return err;
}

/* As cryptsetup makes it: the hash of a passphrase, the bytes of a file. */
static int plain_key(struct volume *v, const struct options *o,
		     const char *device)
{
	struct crypt_params_plain params = { .hash = o->hash,
					     .sector_size = 512 };
	struct crypt_device *cd;
	struct secret passphrase;
	size_t dash = strcspn(o->cipher, "-");
	char cipher[96];
	int err;

	if (o->key_file && strcmp(o->key_file, "-")) {
		err = read_key_file(o, o->key_bits / 8, &v->key);
		if (!err && v->key.size != (size_t)o->key_bits / 8) {
			say_error("%s: has %zu bytes of the %d of a key",
				  o->key_file, v->key.size, o->key_bits / 8);
			secret_free(&v->key);
			err = -EINVAL;
		}
		return err;
	}
	if (!o->hash || !o->cipher[dash]) {
		say_error("needs --hash and a --cipher with a mode");
		return -EINVAL;
	}
	err = o->key_file ? read_key_file(o, 0, &passphrase) :
			    plain_passphrase(o, device, &passphrase);
	if (err)
		return err;
	snprintf(cipher, sizeof(cipher), "%.*s", (int)dash, o->cipher);
	err = secret_alloc(&v->key, o->key_bits / 8) ?: crypt_init(&cd, device);
	if (!err) {
		err = crypt_format(cd, CRYPT_PLAIN, cipher,
				   o->cipher + dash + 1, NULL, NULL,
				   o->key_bits / 8, &params);
		if (!err)
			err = crypt_volume_key_get(cd, CRYPT_ANY_SLOT,
						   v->key.bytes, &v->key.size,
						   passphrase.bytes,
						   passphrase.size);
		crypt_free(cd);
	}
	secret_free(&passphrase);
	if (err >= 0)
		return 0;
	secret_free(&v->key);
	return say_errno(-err, "--hash %s", o->hash);
}

static int unlock_plain(struct volume *v, const struct options *o,
			const char *device, bool unused)
{
	uint64_t device_sectors;
	int err = check_plain(o);

	if (err)
		return err;
	snprintf(v->type, sizeof(v->type), "PLAIN");
	snprintf(v->cipher, sizeof(v->cipher), "%s", o->cipher);
	v->offset = o->offset;
	v->iv_offset = o->skip;
	v->sector_size = o->sector_size;
	v->iv_large_sectors = o->iv_large_sectors;
	return look_at_device(v, device, unused, &device_sectors) ?:
		       set_size(v, device_sectors, o->size)	  ?:
		       plain_key(v, o, device);
}

/**
 * volume_unlock() - find out all about a volume
 * @volume: set; volume_free() it
 * @options: the type, and how to unlock it
 * @device: with the data
 * @unused: refuse one that is in use
 *
 * Return: 0 or a negative errno.
 */
int volume_unlock(struct volume *volume, const struct options *options,
		  const char *device, bool unused)
{
	int err;

	memset(volume, 0, sizeof(*volume));
	volume->allow_discards = options->allow_discards;
	if (!strcmp(options->type, "plain"))
		err = unlock_plain(volume, options, device, unused);
	else
		err = unlock_luks(volume, options, device, unused);
	return err;
}

/* volume_of_device() - all of a device, whatever is on it; without a cipher or key */
int volume_of_device(struct volume *volume, const char *device)
{
	uint64_t device_sectors;
	int err = look_at_device(volume, device, false, &device_sectors);

	volume->sector_size = 4096;
	return err ?: set_size(volume, device_sectors, 0);
}

void volume_free(struct volume *volume)
{
	secret_free(&volume->key);
}
