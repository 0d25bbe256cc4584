// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads what the target log-writes of device mapper has logged, and puts it on
 * another disk, up to any moment: what a disk holds whose power is cut then.
 *
 *	ksm-replay list LOG		a line for each entry: its number, "write",
 *					"flush", "discard" or "mark", and the
 *					place and number of 512-byte sectors, or
 *					the text of the mark
 *	ksm-replay apply LOG DISK FROM TO [EXCEPT]
 *					entries FROM to TO - 1, but not EXCEPT
 *
 * The format is that of Documentation/admin-guide/device-mapper/log-writes.rst:
 * a super block, and for each entry a block that says what it is, and the data.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC	 0x6a736677736872ULL
#define FLUSH	 (1 << 0)
#define FUA	 (1 << 1)
#define DISCARD	 (1 << 2)
#define MARK	 (1 << 3)
#define BLOCK	 4096
#define MAX_DATA (16 << 20)

struct super {
	uint64_t magic;
	uint64_t version;
	uint64_t nr_entries;
	uint32_t block_size;
};

/* @block and @nr count blocks of the logged device. */
struct entry {
	uint64_t block;
	uint64_t nr;
	uint64_t flags;
	uint64_t data_len;
	char text[256];
};

static char *buf;

static void read_at(int fd, void *to, size_t size, off_t at)
{
	if (pread(fd, to, size, at) != (ssize_t)size)
		err(1, "reading the log at %jd", (intmax_t)at);
}

/* With the disk's own blocks: what is read through a mapping of it must be there. */
static void put(int disk, const char *data, size_t size, off_t at)
{
	if (pwrite(disk, data, size, at) != (ssize_t)size)
		err(1, "writing %zu bytes at %jd", size, (intmax_t)at);
}

static void list_entry(uint64_t n, const struct entry *e, unsigned int size)
{
	if (e->flags & MARK) {
		printf("%ju mark %.*s\n", (uintmax_t)n,
		       (int)(e->data_len < 200 ? e->data_len : 200), e->text);
		return;
	}
	printf("%ju %s %ju %ju\n", (uintmax_t)n,
	       e->flags & DISCARD ? "discard" :
	       e->nr		  ? "write" :
				    "flush",
	       (uintmax_t)(e->block * size / 512),
	       (uintmax_t)(e->nr * size / 512));
}

static void apply_entry(int log, int disk, const struct entry *e,
			unsigned int size, off_t data)
{
	uint64_t left = e->nr * size, part;
	off_t at = e->block * size;

	for (; left; left -= part, at += part, data += part) {
		part = left < MAX_DATA ? left : MAX_DATA;
		if (e->flags & DISCARD)
			memset(buf, 0, part);
		else
			read_at(log, buf, part, data);
		put(disk, buf, part, at);
	}
}

int main(int argc, char **argv)
{
	uint64_t from = 0, to = UINT64_MAX, except = UINT64_MAX, n;
	int log, disk = -1, list, applied = 0;
	struct super super;
	unsigned int size;
	off_t at;

	list = argc == 3 && !strcmp(argv[1], "list");
	if (!list && (argc < 6 || argc > 7 || strcmp(argv[1], "apply")))
		errx(2,
		     "usage: ksm-replay list LOG | apply LOG DISK FROM TO [EXCEPT]");
	log = open(argv[2], O_RDONLY);
	if (log < 0)
		err(1, "%s", argv[2]);
	buf = aligned_alloc(BLOCK, MAX_DATA);
	if (!buf)
		err(1, "memory");
	if (!list) {
		disk = open(argv[3], O_RDWR | O_DIRECT);
		if (disk < 0)
			err(1, "%s", argv[3]);
		from = strtoull(argv[4], NULL, 0);
		to = strtoull(argv[5], NULL, 0);
		if (argc == 7)
			except = strtoull(argv[6], NULL, 0);
	}

	read_at(log, &super, sizeof(super), 0);
	size = le32toh(super.block_size);
	if (le64toh(super.magic) != MAGIC || le64toh(super.version) != 1 ||
	    size < 512 || size > BLOCK)
		errx(1, "%s has no log", argv[2]);
	if (!list && (to > le64toh(super.nr_entries) || from > to))
		errx(1, "the log has %ju entries",
		     (uintmax_t)le64toh(super.nr_entries));

	for (n = 0, at = size; n < le64toh(super.nr_entries) && n < to; n++) {
		struct entry e;

		read_at(log, &e, sizeof(e), at);
		e.block = le64toh(e.block);
		e.nr = le64toh(e.nr);
		e.flags = le64toh(e.flags);
		e.data_len = le64toh(e.data_len);
		/* Anything else means that this is not where an entry begins. */
		if (e.flags >= 1 << 5)
			errx(1, "entry %ju at %jd is none", (uintmax_t)n,
			     (intmax_t)at);
		at += size;
		if (list) {
			list_entry(n, &e, size);
		} else if (n >= from && n != except && !(e.flags & MARK)) {
			apply_entry(log, disk, &e, size, at);
			applied += !!e.nr;
		}
		if (!(e.flags & (DISCARD | MARK)))
			at += e.nr * size;
	}
	if (!list) {
		if (fsync(disk))
			err(1, "%s", argv[3]);
		printf("%d writes\n", applied);
	}
	return 0;
}
