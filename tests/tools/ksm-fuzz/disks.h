/* SPDX-License-Identifier: GPL-2.0-only */
/* The disks that tables may use. */
#ifndef DISKS_H
#define DISKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MAX_DISKS 4

/**
 * struct disk - a disk that tables may use
 * @path: its device node
 * @dev: its number
 * @sectors: its size
 * @block: its logical block size in bytes
 * @engine: it is a simulated engine
 * @fd: for looking at what is on it
 */
struct disk {
	const char *path;
	dev_t dev;
	uint64_t sectors;
	unsigned int block;
	bool engine;
	int fd;
};

extern struct disk disks[MAX_DISKS];
extern unsigned int nr_disks;

void open_disk(const char *path);

#endif
