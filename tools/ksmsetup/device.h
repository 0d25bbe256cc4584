/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices: what they are, and who uses them.
 */
#ifndef KSMSETUP_DEVICE_H
#define KSMSETUP_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct device - a block device
 * @number: "major:minor"
 * @sectors: its size, in sectors of 512 bytes
 * @readonly: it cannot be written to
 */
struct device {
	char number[24];
	uint64_t sectors;
	bool readonly;
};

int device_look(const char *path, bool unused, struct device *device);
int device_lock(const char *number);
void device_unlock(int lock);
int device_path(const char *number, char *path, size_t size);

#endif /* KSMSETUP_DEVICE_H */
