// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log of records, each of which is fsynced and then acknowledged on another
 * disk, for tests that cut the power:
 *
 *	ksm-fsync write FILE SIZE ACKS	go on after the last acknowledged record
 *	ksm-fsync check FILE SIZE ACKS	is every acknowledged record there? Prints
 *					how many were acknowledged.
 *
 * FILE is a file or a block device, of which SIZE bytes are used; ACKS is a
 * block device, whose first 4096 bytes are used. Where a record lies and what it
 * says follow from its number. At the end of FILE the log starts again at 0.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	if (pread(fd, block, BLOCK, 0) != BLOCK)
		err(1, "reading the acknowledgement");
	return *(uint64_t *)block;
}

static void write_records(int fd, int acks, uint64_t *buf, off_t size)
{
	uint64_t number = read_ack(acks, buf), n;
	off_t at = 0;

	for (n = 1; n <= number; n++)
		at = place(n, at, size) + record_size(n);
	for (n = number + 1;; n++) {
		size_t len = record_size(n);

		at = place(n, at, size);
		record_fill(n, buf, len);
		if (pwrite(fd, buf, len, at) != (ssize_t)len)
			err(1, "writing record %ju", (uintmax_t)n);
		if (fsync(fd))
			err(1, "syncing record %ju", (uintmax_t)n);
		memset(buf, 0, BLOCK);
		buf[0] = n;
		if (pwrite(acks, buf, BLOCK, 0) != BLOCK || fsync(acks))
			err(1, "acknowledging record %ju", (uintmax_t)n);
		at += len;
	}
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
	int fd, acks;
	off_t size;

	if (argc != 5 || (strcmp(argv[1], "write") && strcmp(argv[1], "check")))
		errx(2, "usage: ksm-fsync write|check FILE SIZE ACKS");
	size = strtoll(argv[3], NULL, 0);
	if (!buf || size < 2 * MAX_BLOCKS * BLOCK)
		errx(2, "no memory, or too small a size");
	fd = open(argv[2], O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		err(1, "%s", argv[2]);
	acks = open(argv[4], O_RDWR | O_DIRECT);
	if (acks < 0)
		err(1, "%s", argv[4]);
	if (!strcmp(argv[1], "write"))
		write_records(fd, acks, buf, size);
	check_records(fd, acks, buf, size);
	return 0;
}
