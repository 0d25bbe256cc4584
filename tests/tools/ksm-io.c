// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-io - I/O that dd and fio cannot do, and looking at what came of it
 *
 *	ksm-io misalign DEV UNIT EXPECT
 *		Direct I/O with misaligned buffers, lengths, places and vectors of
 *		small pieces. Whatever the kernel lets through must be right; what
 *		it refuses must have changed nothing. EXPECT is made: what the
 *		first MiB must hold in the end, to be compared on another path.
 *		Prints how many were let through and refused.
 *	ksm-io file PATH	direct and mapped I/O on one file, read back
 *	ksm-io find DEV TEXT MAX	prints how often TEXT is found in DEV, but
 *		stops looking when it has been found MAX times
 *	ksm-io sg-version DEV	prints what ioctl SG_GET_VERSION_NUM says
 *	ksm-io sg-read DEV BLOCK SIZE	one block of SIZE bytes, by ioctl SG_IO
 *	ksm-io add-partition DEV START SIZE	partition 1, in bytes, till the next boot
 *	ksm-io discard-secure DEV	ioctl BLKSECDISCARD on the first MiB
 *
 * Exit status: 0; 1 if data is wrong or something failed; 2 for wrong use.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/blkpg.h>
#include <linux/fs.h>
#include <scsi/sg.h>

#define AREA	(1024 * 1024)
#define SLOT	(64 * 1024) /* more than an attempt needs */
#define MAX_IOV 256

static uint8_t *area_alloc(size_t size)
{
	void *p;

	if (posix_memalign(&p, 65536, size))
		err(1, "memory");
	return p;
}

static uint32_t rnd_state = 12345;

static void fill(uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		rnd_state = rnd_state * 1664525 + 1013904223;
		p[i] = rnd_state >> 24;
	}
}

/* ---- misalign ---- */

struct attempt {
	unsigned int mem; /* misalignment of the memory */
	unsigned int len;
	unsigned int pos; /* misalignment on the device */
	unsigned int piece; /* length of each vector, 0 for one vector */
	unsigned int gap; /* memory left between two vectors */
};

static const struct attempt attempts[] = {
	{ .mem = 1, .len = 8192 },
	{ .mem = 2, .len = 4096 },
	{ .mem = 4, .len = 16384 },
	{ .mem = 16, .len = 4096 },
	{ .mem = 64, .len = 32768 },
	{ .mem = 256, .len = 8192 },
	{ .mem = 512, .len = 4096 },
	{ .mem = 512, .len = 32768 },
	{ .mem = 1024, .len = 8192 },
	{ .mem = 3584, .len = 8192 },
	{ .mem = 511, .len = 512 },
	{ .len = 513 },
	{ .len = 4097 },
	{ .len = 4608 },
	{ .len = 1536 },
	{ .len = 100 },
	{ .pos = 1, .len = 4096 },
	{ .pos = 512, .len = 4096 },
	{ .pos = 512, .len = 3584 },
	{ .piece = 512, .len = 4096 },
	{ .piece = 512, .len = 32768 },
	{ .piece = 512, .len = 32768, .gap = 512 },
	{ .piece = 1024, .len = 32768, .gap = 512 },
	{ .piece = 2048, .len = 16384, .gap = 2048 },
	{ .piece = 1536, .len = 12288, .gap = 4096 },
	{ .piece = 3584, .len = 28672, .gap = 512 },
	{ .piece = 4096, .len = 32768, .gap = 512 },
	{ .piece = 4608, .len = 36864, .gap = 3584 },
	{ .piece = 512, .len = 4096, .mem = 8 },
	{ .piece = 256, .len = 4096 },
	{ .piece = 520, .len = 4160 },
};

static int make_iov(struct iovec *iov, uint8_t *mem, const struct attempt *a)
{
	unsigned int piece = a->piece ? a->piece : a->len;
	unsigned int done;
	int n = 0;

	mem += a->mem;
	for (done = 0; done < a->len; done += iov[n++].iov_len) {
		iov[n].iov_base = mem;
		iov[n].iov_len = a->len - done < piece ? a->len - done : piece;
		mem += iov[n].iov_len + a->gap;
	}
	return n;
}

static void scatter(const struct iovec *iov, int n, const uint8_t *from)
{
	for (; n; n--, iov++) {
		memcpy(iov->iov_base, from, iov->iov_len);
		from += iov->iov_len;
	}
}

static int differs(const struct iovec *iov, int n, const uint8_t *with,
		   size_t len)
{
	for (; n && len; n--, iov++) {
		size_t l = iov->iov_len < len ? iov->iov_len : len;

		if (memcmp(iov->iov_base, with, l))
			return 1;
		with += l;
		len -= l;
	}
	return 0;
}

static int refused(void)
{
	return errno == EINVAL || errno == EIO;
}

/* The whole area, by direct I/O that is aligned to anything. */
static void check_area(int fd, const uint8_t *want, uint8_t *buf, int i,
		       const char *after)
{
	if (pread(fd, buf, AREA, 0) != AREA)
		err(1, "aligned read after attempt %d", i);
	if (memcmp(buf, want, AREA))
		errx(1, "wrong data after %s of attempt %d", after, i);
}

static int cmd_misalign(char **argv)
{
	unsigned int unit = atoi(argv[1]);
	uint8_t *want = area_alloc(AREA), *buf = area_alloc(AREA);
	uint8_t *mem = area_alloc(8 * SLOT);
	unsigned int r_ok = 0, r_no = 0, w_ok = 0, w_no = 0;
	unsigned int i;
	int fd, out;

	fd = open(argv[0], O_RDWR | O_DIRECT);
	if (fd < 0)
		err(1, "%s", argv[0]);
	fill(want, AREA);
	if (pwrite(fd, want, AREA, 0) != AREA)
		err(1, "aligned write");
	check_area(fd, want, buf, -1, "aligned write");

	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		const struct attempt *a = &attempts[i];
		off_t pos = i * SLOT % (AREA - SLOT) + a->pos;
		struct iovec iov[MAX_IOV];
		int n = make_iov(iov, mem, a);
		ssize_t got;

		memset(mem, 0x5a, 8 * SLOT);
		got = preadv(fd, iov, n, pos);
		if (got < 0 && !refused())
			err(1, "read attempt %u", i);
		if (got < 0) {
			r_no++;
		} else {
			/* A short read is no lie, as long as it is right. */
			r_ok++;
			if (differs(iov, n, want + pos, got))
				errx(1,
				     "read attempt %u is let through and wrong",
				     i);
		}

		fill(buf, a->len);
		scatter(iov, n, buf);
		got = pwritev(fd, iov, n, pos);
		if (got < 0 && !refused())
			err(1, "write attempt %u", i);
		if (got < 0) {
			w_no++;
		} else {
			w_ok++;
			memcpy(want + pos, buf, got);
			if (got % unit || pos % unit)
				errx(1,
				     "write attempt %u: part of a data unit is let through",
				     i);
		}
		/* The source must be as it was. */
		if (differs(iov, n, buf, a->len))
			errx(1, "write attempt %u changed its source", i);
		check_area(fd, want, buf, i, "write");
	}
	close(fd);
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (out < 0 || write(out, want, AREA) != AREA || close(out))
		err(1, "%s", argv[2]);
	printf("reads: %u let through, %u refused; writes: %u let through, %u refused\n",
	       r_ok, r_no, w_ok, w_no);
	return 0;
}

/* ---- file ---- */

static int cmd_file(char **argv)
{
	uint8_t *want = area_alloc(AREA), *buf = area_alloc(AREA);
	uint8_t *map;
	int fd, i;

	fill(want, AREA);
	fd = open(argv[0], O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	if (fd < 0)
		err(1, "%s", argv[0]);
	if (pwrite(fd, want, AREA, 0) != AREA)
		err(1, "direct write");
	map = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	if (memcmp(map, want, AREA))
		errx(1, "mapped read differs from direct write");
	/* Every third page, by a few bytes. */
	for (i = 0; i < AREA; i += 3 * 4096) {
		fill(want + i + 100, 50);
		memcpy(map + i + 100, want + i + 100, 50);
	}
	if (msync(map, AREA, MS_SYNC))
		err(1, "msync");
	if (pread(fd, buf, AREA, 0) != AREA)
		err(1, "direct read");
	if (memcmp(buf, want, AREA))
		errx(1, "direct read differs from mapped write");
	if (munmap(map, AREA) || fsync(fd))
		err(1, "fsync");
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		err(1, "fadvise");
	close(fd);
	fd = open(argv[0], O_RDONLY);
	if (fd < 0 || read(fd, buf, AREA) != AREA)
		err(1, "buffered read");
	if (memcmp(buf, want, AREA))
		errx(1, "buffered read differs");
	close(fd);
	return 0;
}

/* ---- find ---- */

/* Horspool's search: an emulated processor is too slow to look at every byte. */
static const uint8_t *search(const uint8_t *p, const uint8_t *end,
			     const char *text, size_t len)
{
	static size_t skip[256];
	size_t i;

	if (!skip[0]) {
		for (i = 0; i < 256; i++)
			skip[i] = len;
		for (i = 0; i < len - 1; i++)
			skip[(uint8_t)text[i]] = len - 1 - i;
	}
	for (; (size_t)(end - p) >= len; p += skip[p[len - 1]]) {
		if (p[len - 1] == (uint8_t)text[len - 1] &&
		    !memcmp(p, text, len))
			return p;
	}
	return NULL;
}

static int cmd_find(char **argv)
{
	uint8_t *buf = area_alloc(AREA + 4096);
	size_t keep = 0, len = strlen(argv[1]);
	unsigned long found = 0, max = strtoul(argv[2], NULL, 10);
	ssize_t got = 0;
	int fd;

	if (!len || len > 4096)
		errx(2, "text is empty or too long");
	fd = open(argv[0], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[0]);
	/* Not from before the last write: the device may have its own cache. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	while (found < max && (got = read(fd, buf + keep, AREA)) > 0) {
		const uint8_t *p = buf, *end = buf + keep + got;

		/* Most of a scratch disk is zeroes. */
		if (!buf[0] && !memcmp(buf, buf + 1, end - buf - 1)) {
			keep = 0;
			continue;
		}
		while ((p = search(p, end, argv[1], len))) {
			found++;
			p += len;
		}
		keep = end - buf;
		if (keep > len - 1)
			keep = len - 1;
		memmove(buf, end - keep, keep);
	}
	if (got < 0)
		err(1, "read");
	printf("%lu\n", found);
	return 0;
}

/* ---- ioctls ---- */

static int cmd_sg_version(char **argv)
{
	int fd = open(argv[0], O_RDONLY), version;

	if (fd < 0)
		err(1, "%s", argv[0]);
	if (ioctl(fd, SG_GET_VERSION_NUM, &version))
		err(1, "SG_GET_VERSION_NUM");
	printf("%d\n", version);
	return 0;
}

/* A READ(10) that user space sends by itself. */
static int cmd_sg_read(char **argv)
{
	uint32_t block = strtoul(argv[1], NULL, 0);
	uint32_t size = strtoul(argv[2], NULL, 0);
	uint8_t cdb[10] = { 0x28,  0, block >> 24, block >> 16, block >> 8,
			    block, 0, 0,	   1,		0 };
	uint8_t sense[64];
	sg_io_hdr_t io = {
		.interface_id = 'S',
		.dxfer_direction = SG_DXFER_FROM_DEV,
		.cmd_len = sizeof(cdb),
		.mx_sb_len = sizeof(sense),
		.dxfer_len = size,
		.dxferp = aligned_alloc(4096, size),
		.cmdp = cdb,
		.sbp = sense,
		.timeout = 20000,
	};
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0 || !io.dxferp)
		err(1, "%s", argv[0]);
	if (ioctl(fd, SG_IO, &io))
		err(1, "SG_IO");
	if ((io.info & SG_INFO_OK_MASK) != SG_INFO_OK)
		errx(1, "READ(10): status %d, host %d", io.status,
		     io.host_status);
	return fwrite(io.dxferp, size, 1, stdout) != 1;
}

static int cmd_add_partition(char **argv)
{
	struct blkpg_partition part = {
		.start = strtoll(argv[1], NULL, 0),
		.length = strtoll(argv[2], NULL, 0),
		.pno = 1,
	};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_ADD_PARTITION,
		.datalen = sizeof(part),
		.data = &part,
	};
	int fd = open(argv[0], O_RDONLY);

	if (fd < 0)
		err(1, "%s", argv[0]);
	if (ioctl(fd, BLKPG, &arg))
		err(1, "BLKPG");
	return 0;
}

static int cmd_discard_secure(char **argv)
{
	uint64_t range[2] = { 0, AREA };
	int fd = open(argv[0], O_RDWR);

	if (fd < 0)
		err(1, "%s", argv[0]);
	if (ioctl(fd, BLKSECDISCARD, range))
		err(1, "BLKSECDISCARD");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int argc;
		int (*run)(char **argv);
	} cmds[] = {
		{ "misalign", 3, cmd_misalign },
		{ "file", 1, cmd_file },
		{ "find", 3, cmd_find },
		{ "sg-version", 1, cmd_sg_version },
		{ "sg-read", 3, cmd_sg_read },
		{ "add-partition", 3, cmd_add_partition },
		{ "discard-secure", 1, cmd_discard_secure },
	};
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		if (!strcmp(argv[1], cmds[i].name) && argc == cmds[i].argc + 2)
			return cmds[i].run(argv + 2);
	}
	fprintf(stderr, "usage: see the head of ksm-io.c\n");
	return 2;
}
