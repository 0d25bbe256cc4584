// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has become of each data unit, for tests in which the device below fails.
 *
 *	ksm-units write DEV UNIT FROM COUNT GENERATION BIO
 *		COUNT units of UNIT bytes from number FROM on, by writes of BIO
 *		bytes at most. Prints how many of them there were, how many failed,
 *		and how else than by EIO, if any did.
 *	ksm-units read DEV UNIT FROM COUNT BIO
 *		Reads them by BIO bytes; what fails, in halves, down to single
 *		units. Prints how many reads of BIO bytes failed, and what the
 *		units are, runs of the same together, as "g1*7 EIO*1 g2*1": generation 1, an error, generation 2.
 *		"torn*1": the first 512-byte blocks are of one generation and the
 *		others of another; "garbage*1": nothing that was ever written there.
 *
 * Each block of 512 bytes says by all of its contents where it is and which
 * generation. All I/O is direct. With KSM_UNITS_STARVE set, all that the kernel allocates
 * for this process while it reads or writes fails, if the kernel's fault
 * injection is told to (task-filter).
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK	512
#define WORDS	(BLOCK / 8)
#define MAX_BIO (4 << 20)

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	return x;
}

static void fill(uint64_t *p, uint64_t block, uint64_t generation)
{
	int i;

	p[0] = generation;
	p[1] = block;
	for (i = 2; i < WORDS; i++)
		p[i] = mix(generation << 48 ^ block << 8 ^ i);
}

/* The generation of a block, or -1. */
static int generation_of(const uint64_t *p, uint64_t block)
{
	uint64_t want[WORDS];

	if (p[0] > 1000 || p[1] != block)
		return -1;
	fill(want, block, p[0]);
	return memcmp(p, want, BLOCK) ? -1 : (int)p[0];
}

/* What a unit is, if no generation, which is not negative; below FAILED, an errno. */
enum { GARBAGE = -1, TORN = -2, FAILED = -3 };

/* Printed at last: how much failed comes first. */
static FILE *runs;
static int run_of = -100, run_length;

static void print_run(void)
{
	if (!run_length)
		return;
	if (run_of >= 0)
		fprintf(runs, " g%d*%d", run_of, run_length);
	else
		fprintf(runs, " %s*%d",
			run_of == GARBAGE ? "garbage" :
			run_of == TORN	  ? "torn" :
					    strerrorname_np(FAILED - run_of),
			run_length);
	run_length = 0;
}

static void say(int state)
{
	if (state != run_of)
		print_run();
	run_of = state;
	run_length++;
}

static int judge(const char *p, uint64_t unit, size_t size)
{
	size_t blocks = size / BLOCK, i, changes = 0;
	int first = 0, g, last = 0;

	for (i = 0; i < blocks; i++) {
		g = generation_of((const void *)(p + i * BLOCK),
				  unit * blocks + i);
		if (g < 0)
			return GARBAGE;
		if (!i)
			first = g;
		else if (g != last)
			changes++;
		last = g;
	}
	return !changes ? first : changes == 1 ? TORN : GARBAGE;
}

/* /proc/self/make-it-fail, or -1. */
static int starve_fd = -1;

static void starve(const char *how)
{
	if (starve_fd >= 0 && pwrite(starve_fd, how, 1, 0) != 1)
		err(1, "make-it-fail");
}

static ssize_t transfer(int fd, int writing, char *p, size_t size, off_t at)
{
	ssize_t r;
	int saved;

	starve("1");
	r = writing ? pwrite(fd, p, size, at) : pread(fd, p, size, at);
	saved = errno;
	starve("0");
	errno = saved;
	return r;
}

static void judge_all(const char *p, size_t size, uint64_t unit, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		say(judge(p + i * size, unit + i, size));
}

/* What has failed as a whole, in halves, down to single units. */
static void read_halves(int fd, char *p, size_t size, uint64_t unit, uint64_t n)
{
	const uint64_t parts[] = { n / 2, n - n / 2 };
	int i;

	if (n == 1) {
		say(FAILED - errno);
		return;
	}
	for (i = 0; i < 2; unit += parts[i++]) {
		if (transfer(fd, 0, p, parts[i] * size, unit * size) ==
		    (ssize_t)(parts[i] * size))
			judge_all(p, size, unit, parts[i]);
		else
			read_halves(fd, p, size, unit, parts[i]);
	}
}

int main(int argc, char **argv)
{
	uint64_t size, from, count, bio, unit, i, n, bios = 0, failed = 0;
	int writing, fd, other = 0, generation = 0;
	char *buf, *text;
	size_t length;

	writing = argc == 8 && !strcmp(argv[1], "write");
	if (!writing && (argc != 7 || strcmp(argv[1], "read")))
		errx(2,
		     "usage: ksm-units write DEV UNIT FROM COUNT GENERATION BIO | read DEV UNIT FROM COUNT BIO");
	size = strtoull(argv[3], NULL, 0);
	from = strtoull(argv[4], NULL, 0);
	count = strtoull(argv[5], NULL, 0);
	if (writing)
		generation = atoi(argv[6]);
	bio = strtoull(argv[argc - 1], NULL, 0);
	if (size < BLOCK || size % BLOCK || bio < size || bio > MAX_BIO)
		errx(2, "wrong sizes");
	buf = aligned_alloc(4096, MAX_BIO);
	runs = open_memstream(&text, &length);
	if (!buf || !runs)
		err(1, "memory");
	fd = open(argv[2], (writing ? O_WRONLY : O_RDONLY) | O_DIRECT);
	if (fd < 0)
		err(1, "%s", argv[2]);
	if (getenv("KSM_UNITS_STARVE")) {
		/* A page that is not there yet would be missing for ever. */
		memset(buf, 0, MAX_BIO);
		starve_fd = open("/proc/self/make-it-fail", O_WRONLY);
		if (starve_fd < 0 || mlockall(MCL_CURRENT | MCL_FUTURE))
			err(1, "cannot be starved");
	}

	for (unit = from; unit < from + count; unit += n, bios++) {
		ssize_t r;

		n = bio / size;
		if (n > from + count - unit)
			n = from + count - unit;
		for (i = 0; writing && i < n * size / BLOCK; i++)
			fill((void *)(buf + i * BLOCK), unit * size / BLOCK + i,
			     generation);
		r = transfer(fd, writing, buf, n * size, unit * size);
		if (r != (ssize_t)(n * size)) {
			failed++;
			if (r < 0 && errno != EIO)
				other = errno;
		}
		if (writing)
			continue;
		if (r != (ssize_t)(n * size))
			read_halves(fd, buf, size, unit, n);
		else
			judge_all(buf, size, unit, n);
	}
	if (writing)
		printf("%ju writes, %ju failed", (uintmax_t)bios,
		       (uintmax_t)failed);
	else
		printf("%ju failed:", (uintmax_t)failed);
	print_run();
	fclose(runs);
	printf("%s", text);
	if (writing && other)
		printf(" (%s)", strerror(other));
	printf("\n");
	return 0;
}
