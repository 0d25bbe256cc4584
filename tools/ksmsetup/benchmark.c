// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command benchmark: the ciphers alone, as cryptsetup measures them; the software path,
 * by a mapping of a device that is nothing but zeros; and with a device, reading from it by
 * either path. Nothing is written to a device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libcryptsetup.h>

#include "benchmark.h"
#include "ciphers.h"
#include "dm.h"
#include "message.h"
#include "secret.h"
#include "signals.h"
#include "table.h"
#include "volume.h"

#define BLOCK_SIZE   (1 << 20)
#define SECONDS	     1
/* Of the device of zeros, in sectors of 512 bytes: 1 GiB, which takes no memory. */
#define ZERO_SECTORS 2097152

/* What was not measured. */
#define NOTHING (-1.0)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* One block after the other, for SECONDS. Returns MiB/s, or NOTHING after having said why. */
static double measure_fd(int fd, const char *path, bool write, uint64_t bytes)
{
	const uint64_t blocks = bytes / BLOCK_SIZE;
	double begin, end;
	uint64_t done = 0;
	void *buffer;
	ssize_t n;

	if (!blocks) {
		say_error("%s: is smaller than the blocks of %d bytes", path,
			  BLOCK_SIZE);
		return NOTHING;
	}
	if (posix_memalign(&buffer, 4096, BLOCK_SIZE)) {
		say_errno(ENOMEM, "a block");
		return NOTHING;
	}
	memset(buffer, 0x5a, BLOCK_SIZE);
	begin = now();
	do {
		const off_t at = done % blocks * BLOCK_SIZE;

		n = write ? pwrite(fd, buffer, BLOCK_SIZE, at) :
			    pread(fd, buffer, BLOCK_SIZE, at);
		if (n != BLOCK_SIZE) {
			say_errno(n < 0 ? errno : EIO, "%s", path);
			break;
		}
		done++;
		end = now();
	} while (end - begin < SECONDS && !signals_check());
	free(buffer);
	return n == BLOCK_SIZE ? done / (end - begin) : NOTHING;
}

static double measure(const char *path, bool write, uint64_t sectors)
{
	int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	double speed;

	if (fd < 0) {
		say_errno(errno, "%s", path);
		return NOTHING;
	}
	speed = measure_fd(fd, path, write, sectors << 9);
	close(fd);
	return speed;
}

/**
 * struct bench - what is measured with
 * @zero: path of the device of zeros
 * @mapped: name of the mappings
 * @zeros: a volume on it
 * @device: the user's, or NULL
 * @data: a volume on that
 * @bare: reading from it without a mapping
 */
struct bench {
	char zero[64], mapped[40];
	struct volume zeros, data;
	const char *device;
	double bare;
};

/* By a mapping that is made for it. */
static int map_and_measure(const struct bench *b, const struct cipher *cipher,
			   bool device, const char *hw, int sector_size,
			   double *write, double *read)
{
	struct volume v = device ? b->data : b->zeros;
	struct dm_line line = { .target = "ksm" };
	struct secret_ref ref = { 0 };
	char path[64];
	int err;

	v.sector_size = sector_size;
	v.iv_large_sectors = sector_size != 512;
	snprintf(v.cipher, sizeof(v.cipher), "%s", cipher->spec);
	err = secret_random(&v.key, cipher->key_size)  ?:
		      secret_publish(&v.key, "", &ref) ?:
		      table_make(&v, ref.text, hw, &line);
	secret_free(&v.key);
	err = err ?: signals_check() ?: dm_try(b->mapped, device, &line);
	if (!err) {
		snprintf(path, sizeof(path), "/dev/mapper/%s", b->mapped);
		if (write)
			*write = measure(path, true, v.sectors);
		*read = measure(path, false, v.sectors);
		dm_remove(b->mapped, false);
	}
	secret_withdraw(&ref);
	dm_free_line(&line);
	return err;
}

static void put(const char *format, double value)
{
	if (value < 0)
		printf(format, "-");
	else {
		char text[32];

		snprintf(text, sizeof(text), "%.1f", value);
		printf(format, text);
	}
}

/* A line of the table. What this kernel or engine has not stays open. */
static void run_cipher(const struct bench *b, const struct cipher *cipher)
{
	double enc, dec, write = NOTHING, read = NOTHING, soft = NOTHING,
			 hard = NOTHING;

	if (crypt_benchmark(NULL, cipher->cipher, cipher->mode,
			    cipher->key_size, cipher->iv_size, BLOCK_SIZE, &enc,
			    &dec))
		enc = dec = NOTHING;
	map_and_measure(b, cipher, false, "off", 4096, &write, &read);
	if (b->device) {
		map_and_measure(b, cipher, true, "off", 4096, NULL, &soft);
		/* The engine may not have the larger ones. */
		if (map_and_measure(b, cipher, true, "require", 4096, NULL,
				    &hard))
			map_and_measure(b, cipher, true, "require", 512, NULL,
					&hard);
	}
	printf("%18s", cipher->name);
	put(" %10s", enc);
	put(" %10s", dec);
	put(" %10s", write);
	put(" %10s", read);
	if (b->device) {
		put(" %10s", b->bare);
		put(" %10s", soft);
		put(" %10s", hard);
	}
	putchar('\n');
	fflush(stdout);
}

static int make_zeros(struct bench *b)
{
	struct dm_line line = { .length = ZERO_SECTORS,
				.target = "zero",
				.params = "" };
	char name[40];
	int err;

	snprintf(name, sizeof(name), "ksmsetup-zero-%ld", (long)getpid());
	snprintf(b->zero, sizeof(b->zero), "/dev/mapper/%s", name);
	snprintf(b->mapped, sizeof(b->mapped), "ksmsetup-bench-%ld",
		 (long)getpid());
	err = dm_try(name, false, &line);
	if (err)
		return dm_say(err, name, "a device of zeros");
	err = volume_of_device(&b->zeros, b->zero);
	if (err)
		dm_remove(name, false);
	return err;
}

static void print_head(const struct bench *b)
{
	printf("# One thread, blocks of 1 MiB, MiB/s. Software: a mapping of ksm, in memory.\n");
	printf("%18s %21s %21s", "", "cipher alone", "software path");
	if (b->device)
		printf("   reading %s", b->device);
	printf("\n%18s %10s %10s %10s %10s", "", "encrypt", "decrypt", "write",
	       "read");
	if (b->device)
		printf(" %10s %10s %10s", "bare", "software", "hardware");
	putchar('\n');
}

/* benchmark [DEVICE] */
int run_benchmark(const struct options *o, char **words)
{
	struct bench b = { .device = words[0], .bare = NOTHING };
	size_t i;
	int err;

	(void)o;
	err = dm_check_target("ksm");
	if (!err && b.device)
		err = volume_of_device(&b.data, b.device);
	if (err)
		return err;
	if (b.device)
		b.bare = measure(b.device, false, b.data.sectors);
	err = make_zeros(&b);
	if (err)
		return err;
	print_head(&b);
	/* A signal that has come waits until the mappings have gone. */
	for (i = 0; !err && i < CIPHER_COUNT; i++) {
		run_cipher(&b, &ciphers[i]);
		err = signals_check();
	}
	dm_remove(strrchr(b.zero, '/') + 1, false);
	return err;
}
