// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encrypted volumes. All functions return 0 or a negative errno, and have said why.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libcryptsetup.h>

#include "device.h"
#include "luks.h"
#include "message.h"
#include "plain.h"
#include "unlock.h"
#include "volume.h"

#define SECTOR_SHIFT 9

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

/* WANTED sectors of the device, or 0 for all. */
static int look_at_device(struct volume *v, const char *path, bool unused,
			  uint64_t wanted)
{
	struct device device;
	int err = device_look(path, unused, &device);

	if (err)
		return err;
	snprintf(v->device, sizeof(v->device), "%s", path);
	snprintf(v->number, sizeof(v->number), "%s", device.number);
	if (device.readonly)
		v->readonly = true;
	return set_size(v, device.sectors, wanted);
}

static void begin(struct volume *v, const struct options *o)
{
	memset(v, 0, sizeof(*v));
	v->readonly = o->readonly;
	if (o->allow_discards)
		v->flags |= CRYPT_ACTIVATE_ALLOW_DISCARDS;
}

/* @device is NULL if there is to be no mapping. */
static int describe_luks(struct volume *v, struct crypt_device *cd,
			 const struct options *o, const char *device,
			 bool unused)
{
	uint64_t sectors;
	int err;

	begin(v, o);
	err = luks_describe(v, cd, &sectors);
	if (err || !device)
		return err;
	return look_at_device(v, device, unused, sectors);
}

static int unlock_luks(struct volume *v, const struct options *o,
		       const char *device, bool unused)
{
	struct crypt_device *cd;
	int err = options_refuse(o, OPTIONS_OF_PLAIN, "a LUKS volume") ?:
			  luks_load(&cd, o, device);

	if (err)
		return err;
	if (o->persistent)
		err = luks_check_persistent(cd);
	err = err   ?:
		      describe_luks(v, cd, o,
				    o->test_passphrase ? NULL : device, unused);
	err = err ?: unlock(cd, o, &v->key);
	crypt_free(cd);
	return err;
}

static int describe_plain(struct volume *v, const struct options *o,
			  const char *device, bool unused)
{
	begin(v, o);
	snprintf(v->type, sizeof(v->type), "PLAIN");
	snprintf(v->cipher, sizeof(v->cipher), "%s", o->cipher);
	v->offset = o->offset;
	v->iv_offset = o->skip;
	v->sector_size = o->sector_size;
	v->iv_large_sectors = o->iv_large_sectors;
	return look_at_device(v, device, unused, o->size);
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
	memset(volume, 0, sizeof(*volume));
	if (strcmp(options->type, "plain"))
		return unlock_luks(volume, options, device, unused);
	return plain_check(options)				       ?:
		       describe_plain(volume, options, device, unused) ?:
		       plain_key(options, device, &volume->key);
}

/* volume_describe() - likewise, without its key; whoever uses it */
int volume_describe(struct volume *v, const struct options *o,
		    const char *device)
{
	struct crypt_device *cd;
	int err;

	if (!strcmp(o->type, "plain"))
		return plain_check(o) ?: describe_plain(v, o, device, false);
	err = options_refuse(o, OPTIONS_OF_PLAIN, "a LUKS volume") ?:
		      luks_load(&cd, o, device);
	if (err)
		return err;
	err = describe_luks(v, cd, o, device, false);
	crypt_free(cd);
	return err;
}

static bool is_same(const struct volume *v, const struct volume *now)
{
	return !strcmp(v->type, now->type) && !strcmp(v->uuid, now->uuid) &&
	       !strcmp(v->cipher, now->cipher) &&
	       !strcmp(v->number, now->number) && v->offset == now->offset &&
	       v->iv_offset == now->iv_offset && v->sectors == now->sectors &&
	       v->sector_size == now->sector_size;
}

/**
 * volume_check() - is it still what was unlocked, and unused?
 * @volume: the volume
 * @options: as for volume_unlock()
 *
 * While somebody typed a passphrase, another one may have mapped it, or its device may have
 * been replaced by another one of the same number.
 *
 * Return: 0 or a negative errno.
 */
int volume_check(const struct volume *volume, const struct options *options)
{
	struct crypt_device *cd;
	struct volume now;
	int err;

	if (!strcmp(options->type, "plain")) {
		err = describe_plain(&now, options, volume->device, true);
	} else {
		err = luks_load(&cd, options, volume->device);
		if (err)
			return err;
		err = describe_luks(&now, cd, options, volume->device, true);
		if (!err && crypt_volume_key_verify(cd, volume->key.bytes,
						    volume->key.size) < 0)
			err = -ENODEV;
		crypt_free(cd);
	}
	if (err && err != -ENODEV)
		return err;
	if (!err && is_same(volume, &now))
		return 0;
	say_error("%s: is not what it was when it was unlocked",
		  volume->device);
	return -ENODEV;
}

/* volume_of_device() - all of a device, whatever is on it; without a cipher or key */
int volume_of_device(struct volume *volume, const char *device)
{
	volume->sector_size = 4096;
	return look_at_device(volume, device, false, 0);
}

void volume_free(struct volume *volume)
{
	secret_free(&volume->key);
}
