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
 * @key: the volume key
 * @offset: of the data on the device, in sectors of 512 bytes
 * @iv_offset: as in a table
 * @sectors: its length, likewise
 * @sector_size: in bytes
 * @iv_large_sectors: IVs count those
 * @allow_discards: by the options or the header
 */
struct volume {
	char type[8], uuid[40], cipher[96], device[PATH_MAX], number[24];
	struct secret key;
	uint64_t offset, iv_offset, sectors;
	int sector_size;
	bool iv_large_sectors, allow_discards;
};

int volume_unlock(struct volume *volume, const struct options *options,
		  const char *device, bool unused);
int volume_of_device(struct volume *volume, const char *device);
int device_path(const char *number, char *path, size_t size);
void volume_free(struct volume *volume);

#endif /* KSMSETUP_VOLUME_H */
