// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a table, with its key, is another one for a live mapping: both read the same. A
 * plain volume has nothing else to verify a passphrase by, and a header may have been changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare.h"
#include "device.h"
#include "message.h"

#define BLOCK	      4096
#define BLOCK_SECTORS (BLOCK >> 9)
/* Somebody may be writing to one of them. */
#define PLACES	      8
#define ROUNDS	      3

static bool read_block(int fd, void *block, uint64_t sector)
{
	return pread(fd, block, BLOCK, sector << 9) == BLOCK;
}

/* With a wrong key, no block would be the same. */
static bool some_block_same(const int fds[2], char *blocks, uint64_t sectors)
{
	const uint64_t last = (sectors - BLOCK_SECTORS) &
			      ~(uint64_t)(BLOCK_SECTORS - 1);
	uint64_t at;
	int i;

	for (i = 0; i < PLACES * ROUNDS; i++) {
		at = last / (PLACES - 1) * (i % PLACES);
		at &= ~(uint64_t)(BLOCK_SECTORS - 1);
		if (read_block(fds[0], blocks, at) &&
		    read_block(fds[1], blocks + BLOCK, at) &&
		    !memcmp(blocks, blocks + BLOCK, BLOCK))
			return true;
	}
	return false;
}

/* By its number: in /dev/mapper, the name may be written otherwise. */
static int open_mapping(const char *name)
{
	struct dm_state state;
	char path[PATH_MAX];
	int fd, err = dm_get_state(name, &state);

	if (err == -ENODEV)
		say_error("%s: no such mapping", name);
	err = err ?: device_path(state.number, path, sizeof(path));
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return fd < 0 ? say_errno(errno, "%s", path) : fd;
}

static int compare(const char *name, const char *other, uint64_t sectors)
{
	int fds[2], err = 0, i;
	char *blocks;

	blocks = aligned_alloc(BLOCK, 2 * BLOCK);
	if (!blocks)
		return say_errno(ENOMEM, "%s", name);
	for (i = 0; i < 2; i++) {
		fds[i] = open_mapping(i ? other : name);
		if (fds[i] < 0)
			err = fds[i];
	}
	if (!err && !some_block_same(fds, blocks, sectors)) {
		say_error(
			"%s: with this key, it would not read what it does now",
			name);
		err = -EPERM;
	}
	for (i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	/* Plaintext. */
	explicit_bzero(blocks, 2 * BLOCK);
	free(blocks);
	return err;
}

/**
 * compare_with() - read the same by the live mapping and by another table
 * @name: of the mapping, which is not suspended
 * @line: the table
 *
 * Return: 0; -EPERM if nothing is the same; or a negative errno. It has said why.
 */
int compare_with(const char *name, const struct dm_line *line)
{
	char other[40];
	int err;

	if (line->length < BLOCK_SECTORS) {
		say_error("%s: is too small to compare what is read", name);
		return -EINVAL;
	}
	snprintf(other, sizeof(other), "ksmsetup-compare-%ld", (long)getpid());
	err = dm_try(other, true, line);
	if (err)
		return dm_say(err, name, "a mapping to compare with");
	err = compare(name, other, line->length);
	if (!dm_remove(other, false))
		return err;
	say_error("%s: was for comparing only; dmsetup remove %s", other,
		  other);
	return -EBUSY;
}
