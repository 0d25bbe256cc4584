// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-plug - I/O to several devices in one go: one io_submit(), hence one plug,
 * inside which the block layer merges whatever it may
 *
 *	ksm-plug [-bgrs] [-m BYTES] [-n ROUNDS] write|read CHUNK COUNT STRIDE SPEC...
 *		SPEC is DEV,START,FILE,OFFSET[,PRIORITY]. To each device go COUNT
 *		chunks, STRIDE bytes apart, the first at START. Their data is in
 *		FILE at OFFSET and every STRIDE bytes from there. Chunk by chunk,
 *		each one to all the devices; numbers may be octal or hexadecimal.
 *	-b	buffered writes, then sync()
 *	-g	device by device
 *	-m	misalignment of the memory
 *	-n	again and again, until SIGTERM ends it
 *	-r	in the opposite order
 *	-s	all devices from or into the same memory, that of the first
 *	ksm-plug mix CHUNK A B	even chunks of file A and odd ones of B, each in its
 *		place, to standard output
 *
 * Prints "DEV good:N failed:N wrong:N" for each SPEC: wrong are reads without an
 * error whose data is not FILE's.
 *
 * Exit status: 0 if all were good; 1 if one was wrong, or something went wrong
 * here; 2 for wrong use; 3 if some failed and none was wrong.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/aio_abi.h>

#define MAX_SPECS 16

struct spec {
	const char *dev;
	uint64_t start;
	uint64_t offset;
	bool has_prio;
	unsigned int prio;
	int fd;
	uint8_t *file;
	uint8_t *mem;
	unsigned long good;
	unsigned long failed;
	unsigned long wrong;
};

static struct spec specs[MAX_SPECS];
static unsigned int nr_specs;
static bool buffered, grouped, reversed, shared, writing;
static unsigned int misalign;
static unsigned long chunk, count, stride;

static volatile sig_atomic_t ended;

static void end(int sig)
{
	ended = sig;
}

static uint8_t *load(const char *path, size_t *size)
{
	struct stat st;
	uint8_t *p;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	p = malloc(st.st_size + 1);
	if (!p || read(fd, p, st.st_size) != st.st_size)
		err(1, "%s", path);
	close(fd);
	*size = st.st_size;
	return p;
}

static void parse(struct spec *s, char *text)
{
	char *field[5] = {}, *rest = text;
	int flags = buffered ? 0 : O_DIRECT;
	size_t size;
	void *mem;
	int i;

	for (i = 0; i < 5 && rest; i++)
		field[i] = strsep(&rest, ",");
	if (!field[3] || rest)
		errx(2, "a SPEC has four or five fields");
	s->dev = field[0];
	s->start = strtoull(field[1], NULL, 0);
	s->file = load(field[2], &size);
	s->offset = strtoull(field[3], NULL, 0);
	s->has_prio = field[4];
	s->prio = field[4] ? strtoul(field[4], NULL, 0) : 0;
	if (s->offset + (count - 1) * stride + chunk > size)
		errx(2, "%s is too short", field[2]);
	s->fd = open(s->dev, flags | (writing ? O_RDWR : O_RDONLY));
	if (s->fd < 0)
		err(1, "%s", s->dev);
	if (posix_memalign(&mem, 65536, chunk * count + 65536))
		errx(1, "memory");
	s->mem = (uint8_t *)mem + misalign;
	if (shared)
		s->mem = specs[0].mem ? specs[0].mem : s->mem;
}

static const uint8_t *data_of(const struct spec *s, unsigned long i)
{
	return s->file + s->offset + i * stride;
}

static void prepare(struct iocb *cb, struct spec *s, unsigned long i)
{
	uint8_t *mem = s->mem + i * chunk;

	if (!writing)
		memset(mem, 0x5a, chunk);
	else if (!shared || s == specs)
		memcpy(mem, data_of(s, i), chunk);
	memset(cb, 0, sizeof(*cb));
	cb->aio_lio_opcode = writing ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	cb->aio_fildes = s->fd;
	cb->aio_buf = (uintptr_t)mem;
	cb->aio_nbytes = chunk;
	cb->aio_offset = s->start + i * stride;
	cb->aio_data = (uint64_t)(s - specs) << 32 | i;
	if (s->has_prio) {
		cb->aio_flags = IOCB_FLAG_IOPRIO;
		cb->aio_reqprio = s->prio;
	}
}

static void judge(uint64_t which, int64_t res)
{
	struct spec *s = &specs[which >> 32];
	unsigned long i = (uint32_t)which;

	if (res != (int64_t)chunk)
		s->failed++;
	else if (!writing && memcmp(s->mem + i * chunk, data_of(s, i), chunk))
		s->wrong++;
	else
		s->good++;
}

static void round_direct(aio_context_t aio, struct iocb *cbs,
			 struct iocb **order, struct io_event *events)
{
	unsigned long total = count * nr_specs, n, at, i, j;
	long did;

	for (n = 0; n < total; n++) {
		i = grouped ? n % count : n / nr_specs;
		j = grouped ? n / count : n % nr_specs;
		prepare(&cbs[n], &specs[j], i);
		order[reversed ? total - 1 - n : n] = &cbs[n];
	}
	did = syscall(SYS_io_submit, aio, total, order);
	if (did != (long)total)
		err(1, "io_submit: %ld of %lu", did, total);
	for (at = 0; at < total; at += did) {
		did = syscall(SYS_io_getevents, aio, 1, total - at, events + at,
			      NULL);
		if (did < 0 && errno == EINTR)
			did = 0;
		if (did < 0)
			err(1, "io_getevents");
	}
	/* Not before: all may share the memory. */
	for (n = 0; n < total; n++)
		judge(events[n].data, events[n].res);
}

static void round_buffered(void)
{
	unsigned long i, j;

	for (i = 0; i < count; i++) {
		for (j = 0; j < nr_specs; j++) {
			struct spec *s = &specs[j];

			judge((uint64_t)j << 32 | i,
			      pwrite(s->fd, data_of(s, i), chunk,
				     s->start + i * stride));
		}
	}
	/* It starts all devices' writes before it waits for any. */
	sync();
	for (j = 0; j < nr_specs; j++) {
		if (fsync(specs[j].fd)) {
			specs[j].failed += specs[j].good;
			specs[j].good = 0;
		}
	}
}

static int report(void)
{
	bool failed = false, wrong = false;
	unsigned int j;

	for (j = 0; j < nr_specs; j++) {
		printf("%s good:%lu failed:%lu wrong:%lu\n", specs[j].dev,
		       specs[j].good, specs[j].failed, specs[j].wrong);
		failed |= specs[j].failed;
		wrong |= specs[j].wrong;
	}
	return wrong ? 1 : failed ? 3 : 0;
}

static int cmd_io(unsigned long rounds, int argc, char **argv)
{
	struct io_event *events;
	aio_context_t aio = 0;
	struct iocb **order;
	struct iocb *cbs;
	unsigned long total;

	writing = !strcmp(argv[0], "write");
	chunk = strtoul(argv[1], NULL, 0);
	count = strtoul(argv[2], NULL, 0);
	stride = strtoul(argv[3], NULL, 0);
	if ((!writing && (strcmp(argv[0], "read") || buffered)) || !chunk ||
	    !count || argc - 4 > MAX_SPECS)
		return 2;
	for (nr_specs = 0; (int)nr_specs < argc - 4; nr_specs++)
		parse(&specs[nr_specs], argv[4 + nr_specs]);

	total = count * nr_specs;
	cbs = calloc(total, sizeof(*cbs));
	order = calloc(total, sizeof(*order));
	events = calloc(total, sizeof(*events));
	if (!cbs || !order || !events)
		errx(1, "memory");
	if (syscall(SYS_io_setup, total, &aio))
		err(1, "io_setup");
	signal(SIGTERM, end);
	for (; rounds && !ended; rounds--) {
		if (buffered)
			round_buffered();
		else
			round_direct(aio, cbs, order, events);
	}
	return report();
}

static int cmd_mix(char **argv)
{
	size_t size, other, at, n, part = strtoul(argv[1], NULL, 0);
	const uint8_t *a = load(argv[2], &size), *b = load(argv[3], &other);

	if (size != other || !part)
		errx(2, "files must have the same size");
	for (at = n = 0; at < size; at += part, n++) {
		if (at + part > size)
			part = size - at;
		if (fwrite((n & 1 ? b : a) + at, part, 1, stdout) != 1)
			err(1, "standard output");
	}
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned long rounds = 1;
	int opt;

	while ((opt = getopt(argc, argv, "+bgrsm:n:")) != -1) {
		switch (opt) {
		case 'b':
			buffered = true;
			break;
		case 'g':
			grouped = true;
			break;
		case 'r':
			reversed = true;
			break;
		case 's':
			shared = true;
			break;
		case 'm':
			misalign = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			rounds = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 4 && !strcmp(argv[0], "mix"))
		return cmd_mix(argv);
	if (argc >= 5)
		return cmd_io(rounds, argc, argv);
	fprintf(stderr, "usage: see the head of ksm-plug.c\n");
	return 2;
}
