// SPDX-License-Identifier: GPL-2.0-only
/* The disks that tables may use. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "disks.h"

struct disk disks[MAX_DISKS];
unsigned int nr_disks;

void open_disk(const char *path)
{
	struct disk *disk = &disks[nr_disks++];
	uint64_t bytes;
	struct stat st;
	int block;

	disk->path = path;
	disk->fd = open(path, O_RDWR | O_DIRECT);
	if (disk->fd < 0 || fstat(disk->fd, &st) ||
	    ioctl(disk->fd, BLKGETSIZE64, &bytes) ||
	    ioctl(disk->fd, BLKSSZGET, &block))
		err(1, "%s", path);
	disk->dev = st.st_rdev;
	disk->sectors = bytes / 512;
	disk->block = block;
	disk->engine = strstr(path, "ksmsim");
}
