// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-load - I/O for benchmarks, and what it took
 *
 *	ksm-load DEV AREA WORKLOAD IOS
 *
 * Does IOS direct I/Os within the first AREA bytes of DEV and prints how many
 * nanoseconds each took, of which the processor was idle for how many, with one
 * decimal. Workloads: <what>-<size>-qd<depth>, what being randread, randwrite,
 * randrw (7 of 10 are reads), seqread, seqwrite or fsync (a random write and
 * fdatasync, one after the other), size being 4k, 128k or 1m. Places and order
 * are the same in each run.
 *
 * Idle time comes from /proc/timer_list, which takes root; if it cannot be read,
 * it is 0. It is only right with one processor.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/aio_abi.h>

#define MAX_DEPTH  256
#define WARM_UP	   4 /* times the depth */
#define TIMER_LIST 65536

struct workload {
	char what[16];
	size_t size;
	unsigned int depth;
	bool random, sync, mixed, write;
};

struct load {
	struct workload w;
	int fd;
	uint64_t places; /* in the area */
	uint64_t next; /* number of the next I/O */
	uint32_t rnd;
	aio_context_t ctx;
	struct iocb iocb[MAX_DEPTH];
	uint8_t *buf[MAX_DEPTH];
};

struct stamp {
	uint64_t now, idle;
};

static void parse_workload(const char *text, struct workload *w)
{
	unsigned int n;
	char unit;

	if (sscanf(text, "%15[a-z]-%u%c-qd%u", w->what, &n, &unit, &w->depth) !=
		    4 ||
	    (unit != 'k' && unit != 'm'))
		errx(2, "%s: not a workload", text);
	w->size = (size_t)n << (unit == 'k' ? 10 : 20);
	w->sync = !strcmp(w->what, "fsync");
	w->mixed = !strcmp(w->what, "randrw");
	w->random = w->sync || !strncmp(w->what, "rand", 4);
	w->write = w->sync || strstr(w->what, "write");
	if (!w->random && strcmp(w->what, "seqread") &&
	    strcmp(w->what, "seqwrite"))
		errx(2, "%s: not a workload", text);
	if (w->depth < 1 || w->depth > MAX_DEPTH || (w->sync && w->depth > 1))
		errx(2, "%s: no such depth", text);
}

/* ---- time ---- */

static uint64_t number_after(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strcspn(p, "0123456789\n"), NULL, 10) : 0;
}

/* Takes as long each time, give or take a few digits. */
static void take_stamp(struct stamp *s)
{
	static char text[TIMER_LIST];
	size_t len = 0;
	struct timespec t;
	ssize_t got;
	int fd = open("/proc/timer_list", O_RDONLY);

	if (fd >= 0) {
		while (len < sizeof(text) - 1 &&
		       (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
			len += got;
		close(fd);
	}
	text[len] = '\0';
	/* Idle with somebody waiting for I/O is counted apart. */
	s->idle = number_after(text, ".idle_sleeptime") +
		  number_after(text, ".iowait_sleeptime");
	clock_gettime(CLOCK_MONOTONIC, &t);
	s->now = t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* ---- I/O ---- */

static uint32_t rnd(struct load *l)
{
	l->rnd = l->rnd * 1664525 + 1013904223;
	return l->rnd >> 8;
}

static off_t next_place(struct load *l)
{
	uint64_t place = l->w.random ? rnd(l) : l->next;

	l->next++;
	return place % l->places * l->w.size;
}

static bool next_is_write(struct load *l)
{
	return l->w.mixed ? rnd(l) % 10 >= 7 : l->w.write;
}

static void one_and_wait(struct load *l)
{
	bool write = next_is_write(l);
	off_t at = next_place(l);
	ssize_t done;

	done = write ? pwrite(l->fd, l->buf[0], l->w.size, at) :
		       pread(l->fd, l->buf[0], l->w.size, at);
	if (done != (ssize_t)l->w.size)
		err(1, "%s of %zu bytes at %jd", write ? "write" : "read",
		    l->w.size, (intmax_t)at);
	if (l->w.sync && fdatasync(l->fd))
		err(1, "fdatasync");
}

static void submit(struct load *l, unsigned int nr)
{
	struct iocb *iocb = &l->iocb[nr];

	memset(iocb, 0, sizeof(*iocb));
	iocb->aio_data = nr;
	iocb->aio_lio_opcode = next_is_write(l) ? IOCB_CMD_PWRITE :
						  IOCB_CMD_PREAD;
	iocb->aio_fildes = l->fd;
	iocb->aio_buf = (uintptr_t)l->buf[nr];
	iocb->aio_nbytes = l->w.size;
	iocb->aio_offset = next_place(l);
	if (syscall(SYS_io_submit, l->ctx, 1, &iocb) != 1)
		err(1, "io_submit");
}

/* As many I/Os under way as wanted, until that many were begun. */
static void many_at_once(struct load *l, uint64_t ios)
{
	struct io_event event[MAX_DEPTH];
	uint64_t begun = 0, ended = 0;
	int i, got;

	while (begun < ios && begun < l->w.depth)
		submit(l, begun++);
	while (ended < ios) {
		got = syscall(SYS_io_getevents, l->ctx, 1, MAX_DEPTH, event,
			      NULL);
		if (got < 1)
			err(1, "io_getevents");
		for (i = 0; i < got; i++) {
			if (event[i].res != (int64_t)l->w.size)
				errx(1, "an I/O ended with %lld",
				     (long long)event[i].res);
			ended++;
			if (begun++ < ios)
				submit(l, event[i].data);
		}
	}
}

static void run(struct load *l, uint64_t ios)
{
	if (l->w.depth > 1)
		many_at_once(l, ios);
	else
		while (ios--)
			one_and_wait(l);
}

/* ---- the beginning ---- */

static void make_buffers(struct load *l)
{
	size_t all = l->w.size * l->w.depth, i;
	uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "memory");
	/* How many segments an I/O has must not depend on luck. */
	madvise(p, all, MADV_NOHUGEPAGE);
	memset(p, 0x5a, all);
	for (i = 0; i < l->w.depth; i++)
		l->buf[i] = p + i * l->w.size;
}

static void report(const struct stamp *a, const struct stamp *b,
		   const struct stamp *c, uint64_t ios)
{
	/* Between the first two there is nothing but a stamp. */
	uint64_t elapsed = c->now - b->now - (b->now - a->now);
	uint64_t idle = c->idle - b->idle - (b->idle - a->idle);

	printf("%.1f %.1f\n", (double)elapsed / ios, (double)idle / ios);
}

int main(int argc, char **argv)
{
	struct load l = { .rnd = 1 };
	struct stamp a, b, c;
	uint64_t ios;

	if (argc != 5)
		errx(2, "usage: ksm-load DEV AREA WORKLOAD IOS");
	parse_workload(argv[3], &l.w);
	l.places = strtoull(argv[2], NULL, 0) / l.w.size;
	ios = strtoull(argv[4], NULL, 0);
	if (!l.places || !ios)
		errx(2, "nothing to do");
	l.fd = open(argv[1],
		    O_DIRECT | (l.w.write || l.w.mixed ? O_RDWR : O_RDONLY));
	if (l.fd < 0)
		err(1, "%s", argv[1]);
	make_buffers(&l);
	if (syscall(SYS_io_setup, MAX_DEPTH, &l.ctx))
		err(1, "io_setup");
	run(&l, WARM_UP * l.w.depth);
	take_stamp(&a);
	take_stamp(&a);
	take_stamp(&b);
	run(&l, ios);
	take_stamp(&c);
	report(&a, &b, &c, ios);
	return 0;
}
