// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log of records, each of which is fsynced and then acknowledged on another
 * disk, for tests that cut the power:
 *
 *	ksm-fsync write FILE SIZE ACKS	go on after the last acknowledged record
 *	ksm-fsync check FILE SIZE ACKS	is every acknowledged record there? Prints
 *					how many were acknowledged.
 *	ksm-fsync mark FILE SIZE NAME COUNT
 *					COUNT records, each acknowledged by the
 *					mark "ack NUMBER" in the log of NAME, a
 *					log-writes target of device mapper
 *
 * FILE is a file or a block device, of which SIZE bytes are used; ACKS is a
 * block device, whose first 4096 bytes are used, or =NUMBER: so many were
 * acknowledged. Where a record lies and what it says follow from its number. At
 * the end of FILE the log starts again at 0.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#define BLOCK	   4096
#define MAX_BLOCKS 16

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static size_t record_size(uint64_t number)
{
	return (mix(number) % MAX_BLOCKS + 1) * BLOCK;
}

static void record_fill(uint64_t number, uint64_t *buf, size_t size)
{
	size_t i;

	buf[0] = number;
	for (i = 1; i < size / sizeof(*buf); i++)
		buf[i] = mix(number << 20 ^ i);
}

/* Where the record after that at @at goes. */
static off_t place(uint64_t number, off_t at, off_t size)
{
	return at + (off_t)record_size(number) > size ? 0 : at;
}

static uint64_t read_ack(int fd, void *block)
{
	if (fd < 0)
		return *(uint64_t *)block;
	if (pread(fd, block, BLOCK, 0) != BLOCK)
		err(1, "reading the acknowledgement");
	return *(uint64_t *)block;
}

static void write_record(int fd, uint64_t n, off_t at, uint64_t *buf)
{
	size_t len = record_size(n);

	record_fill(n, buf, len);
	if (pwrite(fd, buf, len, at) != (ssize_t)len)
		err(1, "writing record %ju", (uintmax_t)n);
	if (fsync(fd))
		err(1, "syncing record %ju", (uintmax_t)n);
}

static void write_records(int fd, int acks, uint64_t *buf, off_t size)
{
	uint64_t number = read_ack(acks, buf), n;
	off_t at = 0;

	for (n = 1; n <= number; n++)
		at = place(n, at, size) + record_size(n);
	for (n = number + 1;; n++) {
		at = place(n, at, size);
		write_record(fd, n, at, buf);
		memset(buf, 0, BLOCK);
		buf[0] = n;
		if (pwrite(acks, buf, BLOCK, 0) != BLOCK || fsync(acks))
			err(1, "acknowledging record %ju", (uintmax_t)n);
		at += record_size(n);
	}
}

/* By the ioctl itself: starting dmsetup for each would take most of the time. */
static void put_mark(int control, const char *name, uint64_t n)
{
	union {
		struct dm_ioctl dmi;
		char space[512];
	} u = { .dmi = { .version = { DM_VERSION_MAJOR, 0, 0 },
			 .data_size = sizeof(u),
			 .data_start = sizeof(u.dmi) } };
	struct dm_target_msg *msg = (void *)(u.space + sizeof(u.dmi));

	snprintf(u.dmi.name, sizeof(u.dmi.name), "%s", name);
	snprintf(msg->message, 64, "mark ack-%ju", (uintmax_t)n);
	if (ioctl(control, DM_TARGET_MSG, &u))
		err(1, "marking record %ju in the log of %s", (uintmax_t)n,
		    name);
}

static void mark_records(int fd, const char *name, uint64_t *buf, off_t size,
			 uint64_t count)
{
	int control = open("/dev/mapper/control", O_RDWR);
	off_t at = 0;
	uint64_t n;

	if (control < 0)
		err(1, "/dev/mapper/control");
	for (n = 1; n <= count; n++, at += record_size(n - 1)) {
		at = place(n, at, size);
		write_record(fd, n, at, buf);
		put_mark(control, name, n);
	}
	close(control);
}

/* What acknowledged records no later one was written over, nor perhaps. */
static void check_records(int fd, int acks, uint64_t *buf, off_t size)
{
	uint64_t *is = aligned_alloc(BLOCK, MAX_BLOCKS * BLOCK);
	uint64_t *writer = calloc(size / BLOCK, sizeof(*writer));
	uint64_t number = read_ack(acks, buf), checked = 0, n;
	off_t at = 0;
	size_t i, len;

	if (!is || !writer)
		err(1, "memory");
	/* The one after the last acknowledged may have been on its way. */
	for (n = 1; n <= number + 1; n++, at += len) {
		len = record_size(n);
		at = place(n, at, size);
		for (i = 0; i < len; i += BLOCK)
			writer[(at + i) / BLOCK] = n;
	}
	for (n = 1, at = 0; n <= number; n++, at += len) {
		len = record_size(n);
		at = place(n, at, size);
		for (i = 0; i < len && writer[(at + i) / BLOCK] == n;
		     i += BLOCK)
			;
		if (i < len)
			continue;
		record_fill(n, buf, len);
		if (pread(fd, is, len, at) != (ssize_t)len)
			err(1, "reading record %ju", (uintmax_t)n);
		if (memcmp(is, buf, len))
			errx(1,
			     "record %ju at %jd was acknowledged and is not there (of %ju)",
			     (uintmax_t)n, (intmax_t)at, (uintmax_t)number);
		checked++;
	}
	printf("%ju acknowledged, %ju checked\n", (uintmax_t)number,
	       (uintmax_t)checked);
	free(writer);
	free(is);
}

int main(int argc, char **argv)
{
	uint64_t *buf = aligned_alloc(BLOCK, MAX_BLOCKS * BLOCK);
	int fd, acks = -1;
	const char *how;
	off_t size;

	how = argc == 5 || (argc == 6 && !strcmp(argv[1], "mark")) ? argv[1] :
								     "";
	if (strcmp(how, "write") && strcmp(how, "check") &&
	    (strcmp(how, "mark") || argc != 6))
		errx(2,
		     "usage: ksm-fsync write|check FILE SIZE ACKS, mark FILE SIZE NAME COUNT");
	size = strtoll(argv[3], NULL, 0);
	if (!buf || size < 2 * MAX_BLOCKS * BLOCK)
		errx(2, "no memory, or too small a size");
	fd = strcmp(how, "check") ? open(argv[2], O_RDWR | O_CREAT, 0600) :
				    open(argv[2], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[2]);
	if (!strcmp(how, "mark")) {
		mark_records(fd, argv[4], buf, size,
			     strtoull(argv[5], NULL, 0));
		return 0;
	}
	if (argv[4][0] == '=' && !strcmp(how, "check"))
		buf[0] = strtoull(argv[4] + 1, NULL, 0);
	else
		acks = open(argv[4], O_RDWR | O_DIRECT);
	if (acks < 0 && argv[4][0] != '=')
		err(1, "%s", argv[4]);
	if (!strcmp(how, "write"))
		write_records(fd, acks, buf, size);
	check_records(fd, acks, buf, size);
	return 0;
}
