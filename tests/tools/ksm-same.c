// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-same: the same part of a file many times at once, from or to one buffer that
 * is registered with io_uring. The bios of all these share the buffer's vector, which
 * has an entry for a page or, on newer kernels, for a huge page.
 *
 *   ksm-same read|write FILE OFFSET BYTES COUNT [SPREAD]
 *
 * Reading prints what has been read; writing takes it from standard input. Each has
 * a part of the buffer to itself if they are SPREAD bytes from each other.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define BUFFER (2 << 20)

static char *ring(int fd, size_t size, off_t what)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, what);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* A huge page, if there is one. */
static char *buffer(void)
{
	char *p = mmap(NULL, 2 * BUFFER, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	p = (char *)(((uintptr_t)p + BUFFER - 1) & ~(uintptr_t)(BUFFER - 1));
	madvise(p, BUFFER, MADV_HUGEPAGE);
	memset(p, 0, BUFFER);
	return p;
}

static void stream(int fd, char *p, size_t bytes, int out)
{
	while (bytes) {
		ssize_t n = out ? write(fd, p, bytes) : read(fd, p, bytes);

		if (n <= 0)
			err(1, out ? "standard output" : "standard input");
		p += n;
		bytes -= n;
	}
}

int main(int argc, char **argv)
{
	struct io_uring_params params = {};
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned int bytes, count, spread, i, head, *array, *cq_head;
	char *sq, *cq, *buf;
	int out, file, fd, bad = 0;
	long long offset;

	if (argc != 6 && argc != 7)
		errx(2,
		     "usage: ksm-same read|write FILE OFFSET BYTES COUNT [SPREAD]");
	out = !strcmp(argv[1], "read");
	offset = atoll(argv[3]);
	bytes = atoi(argv[4]);
	count = atoi(argv[5]);
	spread = argc == 7 ? atoi(argv[6]) : 0;
	if (!bytes || !count || count > 256 ||
	    (long long)spread * (count - 1) + bytes > BUFFER)
		errx(2, "%u bytes %u times do not fit", bytes, count);
	file = open(argv[2], O_DIRECT | (out ? O_RDONLY : O_WRONLY));
	if (file < 0)
		err(1, "%s", argv[2]);
	buf = buffer();
	if (!out)
		stream(0, buf, bytes, 0);

	fd = syscall(SYS_io_uring_setup, count, &params);
	if (fd < 0)
		err(1, "io_uring_setup");
	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS,
		    &(struct iovec){ buf, BUFFER }, 1))
		err(1, "io_uring_register");
	sq = ring(fd, params.sq_off.array + params.sq_entries * sizeof(*array),
		  IORING_OFF_SQ_RING);
	cq = ring(fd, params.cq_off.cqes + params.cq_entries * sizeof(*cqe),
		  IORING_OFF_CQ_RING);
	sqe = (void *)ring(fd, params.sq_entries * sizeof(*sqe),
			   IORING_OFF_SQES);
	array = (unsigned int *)(sq + params.sq_off.array);
	for (i = 0; i < count; i++) {
		char *part = buf + i * spread;

		if (!out && i && spread)
			memcpy(part, buf, bytes);
		sqe[i] = (struct io_uring_sqe){
			.opcode = out ? IORING_OP_READ_FIXED :
					IORING_OP_WRITE_FIXED,
			.fd = file,
			.off = offset,
			.addr = (uintptr_t)part,
			.len = bytes,
		};
		array[i] = i;
	}
	__atomic_store_n((unsigned int *)(sq + params.sq_off.tail), count,
			 __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, count, count,
		    IORING_ENTER_GETEVENTS, NULL, 0) != count)
		err(1, "io_uring_enter");

	cq_head = (unsigned int *)(cq + params.cq_off.head);
	cqe = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	for (head = 0; head < count; head++) {
		int res = cqe[head & (params.cq_entries - 1)].res;

		if (res == (int)bytes)
			continue;
		bad++;
		warnx("%s", res < 0 ? strerror(-res) : "too short");
	}
	__atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
	if (bad)
		errx(1, "%d of %u failed", bad, count);
	for (i = 0; out && i < (spread ? count : 1); i++)
		stream(1, buf + i * spread, bytes, 1);
	return 0;
}
