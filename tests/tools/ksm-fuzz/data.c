// SPDX-License-Identifier: GPL-2.0-only
/* I/O, and the search for plaintext below. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "chance.h"
#include "data.h"
#include "findings.h"
#include "mappings.h"

#define IO_SIZE 4096

/* What is below a ksm may have the second of these, but never the first. */
static const char secret[8] = "KSM-FUZZ", open_text[8] = "ksm-line";

static bool has_secret(const char *data, size_t size)
{
	size_t i;

	for (i = 0; i + sizeof(secret) <= size; i += sizeof(secret))
		if (!memcmp(data + i, secret, sizeof(secret)))
			return true;
	return false;
}

static void fill(char *data, bool linear)
{
	uint64_t n = rnd();
	size_t i;

	for (i = 0; i < IO_SIZE; i += 16, n++) {
		memcpy(data + i, linear ? open_text : secret, 8);
		memcpy(data + i + 8, &n, 8);
	}
}

static int open_name(const struct name *n)
{
	char path[64];
	int fd;

	/* There is no udev here, and numbers are used again. */
	snprintf(path, sizeof(path), "/dev/ksm-fuzz-%u-%u", major(n->dev),
		 minor(n->dev));
	if (mknod(path, S_IFBLK | 0600, n->dev) && errno != EEXIST)
		err(1, "%s", path);
	fd = open(path, O_RDWR | O_DIRECT);
	if (fd < 0)
		flawed(FLAW_IO, "%s cannot be opened: %s", path,
		       strerror(errno));
	return fd;
}

/* Write, read, compare. Returns an errno. */
static int write_and_read(int fd, off_t at, bool linear)
{
	static char *data, *got;

	if (!data) {
		data = aligned_alloc(IO_SIZE, IO_SIZE);
		got = aligned_alloc(IO_SIZE, IO_SIZE);
	}
	fill(data, linear);
	memset(got, 0, IO_SIZE);
	if (pwrite(fd, data, IO_SIZE, at) != IO_SIZE ||
	    pread(fd, got, IO_SIZE, at) != IO_SIZE)
		return errno ?: EIO;
	if (memcmp(data, got, IO_SIZE))
		flawed(FLAW_DATA,
		       "what was read at %jd is not what was written",
		       (intmax_t)at);
	return 0;
}

static void check_below(const struct target *t, uint64_t sector)
{
	static char *data;
	const struct disk *disk = &disks[t->index];

	if (!data)
		data = aligned_alloc(IO_SIZE, IO_SIZE);
	sector = (t->start + sector - t->begin) / 8 * 8;
	if (pread(disk->fd, data, IO_SIZE, sector * 512) != IO_SIZE)
		err(1, "%s", disk->path);
	if (has_secret(data, IO_SIZE))
		flawed(FLAW_PLAINTEXT, "on %s at sector %ju", disk->path,
		       (uintmax_t)sector);
}

static bool all_writable(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_UNKNOWN)
			return false;
	return table->nr && !table->readonly && !waits_below(table);
}

void do_io(unsigned int self)
{
	struct name *n = &names[self];
	const struct target *t;
	uint64_t sector;
	int fd, error;

	if (!n->exists || n->suspended || !all_writable(&n->active))
		return;
	t = &n->active.t[below(n->active.nr)];
	if (t->begin % 8 || t->len < 8 || t->other)
		return;
	sector =
		t->begin + (one_in(4) ? t->len / 8 - 1 : below(t->len / 8)) * 8;
	step("I/O to %s at sector %ju", n->name, (uintmax_t)sector);
	fd = open_name(n);
	if (fd < 0)
		return;
	error = write_and_read(fd, sector * 512, t->linear);
	close(fd);
	look();
	stats[STAT_IO]++;
	if (error) {
		stats[STAT_IO_FAILED]++;
		/* What lies on another mapping may reach beyond its end. */
		if (t->place == ON_DISK && !(t->require && t->doubtful))
			flawed(FLAW_IO, "%s", strerror(error));
	} else if (t->place == ON_DISK && !t->linear) {
		stats[STAT_IO_ENGINE] += disks[t->index].engine;
		check_below(t, sector);
	}
}

void scan_disk(const struct disk *disk, bool wanted)
{
	const size_t size = 1 << 20;
	char *data = aligned_alloc(IO_SIZE, size);
	bool found = false;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(disk->fd, data, size, at)) > 0) {
		found |= has_secret(data, n);
		at += n;
	}
	if (at / 512 != (off_t)disk->sectors)
		errx(1, "%s cannot be read", disk->path);
	free(data);
	if (found != wanted)
		flawed(FLAW_PLAINTEXT, "%s on %s", found ? "it is" : "not seen",
		       disk->path);
}

/* The search for plaintext would find it. */
void prove_scan(const struct disk *disk)
{
	char *data = aligned_alloc(IO_SIZE, IO_SIZE);
	off_t at = (disk->sectors / 2) / 8 * 8 * 512;

	fill(data, false);
	if (pwrite(disk->fd, data, IO_SIZE, at) != IO_SIZE)
		err(1, "%s", disk->path);
	scan_disk(disk, true);
	memset(data, 0, IO_SIZE);
	if (pwrite(disk->fd, data, IO_SIZE, at) != IO_SIZE)
		err(1, "%s", disk->path);
	free(data);
}
