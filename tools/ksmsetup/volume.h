/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted volumes, as far as a mapping of one needs to know: what libcryptsetup
 * says of a header, or what the options say where there is none.
 */
#ifndef KSMSETUP_VOLUME_H
#define KSMSETUP_VOLUME_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "secret.h"

/**
 * struct volume - a volume that was unlocked
 * @type: "LUKS1", "LUKS2" or "PLAIN"
 * @uuid: its own; empty if it has none
 * @cipher: as in a table
 * @device: with the data, as given
 * @number: of @device, "major:minor"
 * @key_name: what cryptsetup calls the key in a keyring; empty if it puts it in a table
 * @key: the volume key
 * @offset: of the data on the device, in sectors of 512 bytes
 * @iv_offset: as in a table
 * @sectors: its length, likewise
 * @flags: CRYPT_ACTIVATE_* of the header and the options
 * @sector_size: in bytes
 * @iv_large_sectors: IVs count those
 * @readonly: by the options or the device
 */
struct volume {
	char type[8], uuid[40], cipher[96], device[PATH_MAX], number[24];
	char key_name[SECRET_NAME_SIZE];
	struct secret key;
	uint64_t offset, iv_offset, sectors;
	uint32_t flags;
	int sector_size;
	bool iv_large_sectors, readonly;
};

int volume_unlock(struct volume *volume, const struct options *options,
		  const char *device, bool unused);
int volume_describe(struct volume *volume, const struct options *options,
		    const char *device);
int volume_check(const struct volume *volume, const struct options *options);
int volume_of_device(struct volume *volume, const char *device);
void volume_free(struct volume *volume);

#endif /* KSMSETUP_VOLUME_H */
