// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block devices. Functions return 0 or a negative errno, and have said why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/fs.h>

#include "device.h"
#include "message.h"
#include "signals.h"

#define LOCK_DIR "/run/ksmsetup"

static int open_device(const char *path, bool unused)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | (unused ? O_EXCL : 0));

	if (fd >= 0)
		return fd;
	if (errno == EBUSY) {
		say_error("%s: is in use: mounted, or another mapping has it",
			  path);
		return -EBUSY;
	}
	say_errno(errno, "%s", path);
	return -ENODEV;
}

/**
 * device_look() - find out what it is
 * @path: of it
 * @unused: refuse one that is in use. Two mappings of a volume would each have a cache of
 *	their own; device mapper lets its devices share one, so it is asked here.
 * @device: set
 *
 * Return: 0 or a negative errno, after having said why.
 */
int device_look(const char *path, bool unused, struct device *device)
{
	struct stat st;
	uint64_t bytes;
	int fd = open_device(path, unused), readonly, err = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st)) {
		err = say_errno(errno, "%s", path);
	} else if (!S_ISBLK(st.st_mode)) {
		say_error(
			"%s: not a block device; for a file, losetup makes one",
			path);
		err = -ENOTBLK;
	} else if (ioctl(fd, BLKGETSIZE64, &bytes) ||
		   ioctl(fd, BLKROGET, &readonly)) {
		err = say_errno(errno, "%s", path);
	}
	close(fd);
	if (err)
		return err;
	snprintf(device->number, sizeof(device->number), "%u:%u",
		 major(st.st_rdev), minor(st.st_rdev));
	device->sectors = bytes >> 9;
	device->readonly = readonly;
	return 0;
}

/*
 * device_lock() - wait until no other ksmsetup is between looking at this device and having
 * mapped it. The file stays: who removed it could not know that nobody waits for it. Returns
 * what device_unlock() wants, or a negative errno; -EINTR if a signal has come.
 */
int device_lock(const char *number)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), LOCK_DIR "/%s", number);
	if (mkdir(LOCK_DIR, 0700) && errno != EEXIST)
		return say_errno(errno, LOCK_DIR);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return say_errno(errno, "%s", path);
	while (!err && flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			err = say_errno(errno, "%s", path);
		else if (signals_wait_for(-1, 1) == -EINTR)
			err = -EINTR;
	}
	if (!err)
		return fd;
	close(fd);
	return err;
}

void device_unlock(int lock)
{
	close(lock);
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
