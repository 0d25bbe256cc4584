// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for the engine of a disk that has just come. ufs_shim gives a disk its keyslot
 * manager when its driver has been bound, a moment after its node has appeared; a mapping
 * that is made in between stays in software. The kernel tells of the first with the event
 * "bind", which comes after ufs_shim has been told. Whether there is a keyslot manager is asked as
 * "probe" does, not by debugfs, which may be locked down or not be mounted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "engine.h"
#include "message.h"
#include "probe.h"
#include "secret.h"
#include "signals.h"
#include "table.h"
#include "volume.h"

#define WAIT_SECONDS	 3
/* The kernel's own events, not those that udev sends on. */
#define EVENTS_OF_KERNEL 1

/* Cuts off the last name of a path. Returns it, or NULL if there is none. */
static char *cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = 0;
	return slash + 1;
}

static bool is_ufs_host(char *host)
{
	char path[PATH_MAX], driver[16] = "";
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/scsi_host/%s/proc_name", host,
		     strrchr(host, '/') + 1) >= (int)sizeof(path))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%15s", driver) != 1)
		*driver = 0;
	fclose(f);
	return !strcmp(driver, "ufshcd");
}

/*
 * Sets DEVICE to the folder in /sys of the SCSI device of a UFS disk, or of the disk that a
 * partition is on. Disks of other drivers get no engine from ufs_shim.
 */
static bool find_ufs_disk(const char *path, char *device)
{
	char link[64], host[PATH_MAX], *at;
	struct stat st;

	if (stat(path, &st) || !S_ISBLK(st.st_mode))
		return false;
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!realpath(link, device))
		return false;
	/* .../hostN/targetN:0:0/N:0:0:LUN/block/sdX[/sdXN] */
	at = strstr(device, "/block/");
	if (!at)
		return false;
	*at = 0;
	strcpy(host, device);
	return cut(host) && cut(host) && strrchr(host, '/') &&
	       is_ufs_host(host);
}

/* Returns -1 if there are no events to be had; then it is looked each second. */
static int open_events(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = EVENTS_OF_KERNEL };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || !bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* Reads one event. If some were lost, this one may have been among them. */
static bool is_bound(int fd, const char *device)
{
	char event[PATH_MAX + 16];
	ssize_t len = recv(fd, event, sizeof(event) - 1, MSG_DONTWAIT);

	if (len < 0)
		return errno == ENOBUFS;
	event[len] = 0;
	return !strncmp(event, "bind@", 5) &&
	       !strcmp(event + 5, device + strlen("/sys"));
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/*
 * Until the driver has been bound; no longer than a second without events, as there is none
 * when ufs_shim has been loaded after the disk had come. -EINTR if a signal has come.
 */
static int wait_for_change(int fd, const char *device, time_t end)
{
	int err;

	do {
		err = signals_wait_for(fd, 1);
	} while (!err && !is_bound(fd, device) && now() < end);
	return err == -EINTR ? err : 0;
}

/* In use, or no such cipher: who opens it will say so. */
static bool lacks_engine(const struct volume *v)
{
	struct status status;
	struct table table;

	return probe_once(v, &status, &table) >= 0 &&
	       !strcmp(status.why, "no-keyslot-manager");
}

static int wait_for_engine(const struct volume *v, int fd, const char *device)
{
	const time_t end = now() + WAIT_SECONDS;
	bool late = false;
	int err = 0;

	while (lacks_engine(v)) {
		if (late) {
			say_verbosely("%s: no keyslot manager after %d seconds",
				      v->device, WAIT_SECONDS);
			return 0;
		}
		err = wait_for_change(fd, device, end);
		if (err)
			return err;
		late = now() >= end;
	}
	return 0;
}

/**
 * engine_wait() - for the keyslot manager of a disk, if ufs_shim may give it one
 * @path: the disk, or a partition of it
 *
 * Return: 0, also if none has come; or a negative errno, after having said why; -EINTR if a
 *	signal has come.
 */
int engine_wait(const char *path)
{
	struct volume v = { .cipher = "aes-xts-plain64" };
	char device[PATH_MAX];
	int fd, err;

	if (access("/sys/module/ufs_shim", F_OK) ||
	    !find_ufs_disk(path, device))
		return 0;
	err = volume_of_device(&v, path) ?: secret_random(&v.key, 64);
	if (err)
		return err;
	/* Engines with other sizes are there as well, and wherever the partition begins. */
	v.sector_size = 512;
	/* Before the first look, so that nothing is missed after it. */
	fd = open_events();
	err = wait_for_engine(&v, fd, device);
	if (fd >= 0)
		close(fd);
	secret_free(&v.key);
	return err;
}
