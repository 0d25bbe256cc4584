// SPDX-License-Identifier: GPL-2.0-only
// LDLIBS: -lkeyutils
/*
 * ksm-secret - a key that is nowhere in memory but where it was given to, and
 * the search for it in an image of the memory
 *
 *	ksm-secret new FILE NAME BYTES	a random logon key ksm:NAME in the user's
 *					keyring, and its complement in FILE
 *	ksm-secret find IMAGE FILE...	search a file or disk for them
 *
 * What is searched for: every 16 bytes of the key and every round key of AES-256
 * for each 32 of them, as they are; and the key's in hex digits, of either case. A
 * few bytes that are left of a key are not found. Prints for each FILE what was
 * found how often. Exit status: 0 if all that is nothing, 1 if not, 2 if something
 * went wrong.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <keyutils.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define MAX_KEY	   64
#define MAX_FILES  16
#define ROUND_KEYS 15
#define PART	   16
#define READ_SIZE  (1 << 20)
#define OVERLAP	   64
#define ALIGNMENT  4096

enum kind { RAW, ROUND, HEX, KINDS };

struct needle {
	unsigned int key;
	enum kind kind;
	unsigned int size;
	uint8_t bytes[2 * PART];
};

/* Of each key: 4 parts, the same twice in hex, 13 round keys for each half. */
static struct needle needles[MAX_FILES * (12 + 2 * (ROUND_KEYS - 2))];
static unsigned int nr_needles, nr_keys;
/* Which first two bytes are worth a closer look. */
static uint8_t begins[1 << 16];
static unsigned long found[MAX_FILES][KINDS];
static uint8_t sbox[256];

static void add_needle(enum kind kind, const void *bytes, unsigned int size)
{
	struct needle *n = &needles[nr_needles++];

	n->key = nr_keys;
	n->kind = kind;
	n->size = size;
	memcpy(n->bytes, bytes, size);
	begins[n->bytes[0] | n->bytes[1] << 8] = 1;
}

/* ---- the key schedule (FIPS 197, 5.2) ---- */

static uint8_t times2(uint8_t x)
{
	return x << 1 ^ (x & 0x80 ? 0x1b : 0);
}

static uint8_t rotl(uint8_t x, int n)
{
	return x << n | x >> (8 - n);
}

/* 3 generates all that are not 0, and 0xf6 is its inverse (FIPS 197, 5.1.1). */
static void make_sbox(void)
{
	uint8_t p = 1, q = 1;

	do {
		p ^= times2(p);
		q ^= q << 1;
		q ^= q << 2;
		q ^= q << 4;
		if (q & 0x80)
			q ^= 0x09;
		sbox[p] = q ^ rotl(q, 1) ^ rotl(q, 2) ^ rotl(q, 3) ^
			  rotl(q, 4) ^ 0x63;
	} while (p != 1);
	sbox[0] = 0x63;
}

static void add_round_keys(const uint8_t *key)
{
	uint8_t w[4 * 4 * ROUND_KEYS], t[4], rcon = 1;
	unsigned int i, j;

	memcpy(w, key, 32);
	for (i = 8; i < 4 * ROUND_KEYS; i++) {
		memcpy(t, w + 4 * (i - 1), 4);
		if (i % 8 == 0) {
			uint8_t first = t[0];

			t[0] = sbox[t[1]] ^ rcon;
			t[1] = sbox[t[2]];
			t[2] = sbox[t[3]];
			t[3] = sbox[first];
			rcon = times2(rcon);
		} else if (i % 8 == 4) {
			for (j = 0; j < 4; j++)
				t[j] = sbox[t[j]];
		}
		for (j = 0; j < 4; j++)
			w[4 * i + j] = w[4 * (i - 8) + j] ^ t[j];
	}
	/* The first two are the key itself. */
	for (i = 2; i < ROUND_KEYS; i++)
		add_needle(ROUND, w + PART * i, PART);
}

static void add_hex(const uint8_t *bytes, const char *format)
{
	char hex[2 * PART + 1];
	unsigned int i;

	for (i = 0; i < PART; i++)
		sprintf(hex + 2 * i, format, bytes[i]);
	add_needle(HEX, hex, 2 * PART);
}

static void make_needles(const uint8_t *key, unsigned int size)
{
	unsigned int i;

	for (i = 0; i + PART <= size; i += PART) {
		add_needle(RAW, key + i, PART);
		add_hex(key + i, "%02x");
		add_hex(key + i, "%02X");
	}
	for (i = 0; i + 32 <= size; i += 32)
		add_round_keys(key + i);
}

/* ---- commands ---- */

static void check(const uint8_t *at, uint64_t where)
{
	static const char *const names[] = { "raw", "round", "hex" };
	const struct needle *n;

	for (n = needles; n < needles + nr_needles; n++) {
		if (memcmp(at, n->bytes, n->size))
			continue;
		if (!found[n->key][n->kind]++)
			fprintf(stderr, "key %u: %s, the first at %#llx\n",
				n->key + 1, names[n->kind],
				(unsigned long long)where);
	}
}

/*
 * Directly, if it can be: what lies in the image must not get into the page
 * cache, or the next image has it, too.
 */
static int open_direct(const char *image)
{
	int fd = open(image, O_RDONLY | O_DIRECT);

	return fd < 0 ? open(image, O_RDONLY) : fd;
}

static void search(const char *image)
{
	/* What is left of the last piece, the next one, and no more. */
	const size_t bytes = ALIGNMENT + READ_SIZE + OVERLAP;
	uint8_t *buf = aligned_alloc(ALIGNMENT, bytes + ALIGNMENT - OVERLAP);
	uint8_t *p = buf + ALIGNMENT, *end;
	int fd = open_direct(image);
	uint64_t pos = 0;
	ssize_t got;

	if (fd < 0 || !buf)
		err(2, "%s", image);
	do {
		got = read(fd, buf + ALIGNMENT, READ_SIZE);
		if (got < 0)
			err(2, "%s", image);
		end = buf + ALIGNMENT + got;
		if (!got) {
			memset(end, 0, OVERLAP - 1);
			end += OVERLAP - 1;
		}
		/* What is at the end is looked at with what comes next. */
		for (; p + OVERLAP <= end; p++, pos++) {
			if (begins[p[0] | p[1] << 8])
				check(p, pos);
		}
		memmove(buf + ALIGNMENT - (end - p), p, end - p);
		p = buf + ALIGNMENT - (end - p);
	} while (got);
	printf("%llu bytes\n", (unsigned long long)pos);
	close(fd);
	explicit_bzero(buf, bytes);
	free(buf);
}

static void read_key(const char *file)
{
	int fd = open(file, O_RDONLY);
	uint8_t key[MAX_KEY];
	ssize_t n = fd < 0 ? -1 : read(fd, key, MAX_KEY);
	ssize_t i;

	if (n < PART)
		err(2, "%s", file);
	for (i = 0; i < n; i++)
		key[i] = ~key[i];
	make_needles(key, n);
	nr_keys++;
	explicit_bzero(key, sizeof(key));
	close(fd);
}

static int find(const char *image, char **files, int nr_files)
{
	unsigned long *f;
	int i, any = 0;

	if (nr_files > MAX_FILES)
		errx(2, "at most %d keys", MAX_FILES);
	make_sbox();
	for (i = 0; i < nr_files; i++)
		read_key(files[i]);
	search(image);
	explicit_bzero(needles, sizeof(needles));
	for (i = 0; i < nr_files; i++) {
		f = found[i];
		printf("%s: raw %lu, round %lu, hex %lu\n", files[i], f[RAW],
		       f[ROUND], f[HEX]);
		any |= f[RAW] || f[ROUND] || f[HEX];
	}
	return any;
}

static void new_key(const char *file, const char *name, unsigned int size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	uint8_t key[MAX_KEY];
	char desc[256];
	unsigned int i;

	if (getrandom(key, size, 0) != size)
		err(2, "getrandom");
	snprintf(desc, sizeof(desc), "ksm:%s", name);
	if (add_key("logon", desc, key, size, KEY_SPEC_USER_KEYRING) < 0) {
		explicit_bzero(key, sizeof(key));
		err(2, "%s", desc);
	}
	for (i = 0; i < size; i++)
		key[i] = ~key[i];
	/* That is all that this process knows of it from here on. */
	if (fd < 0 || write(fd, key, size) != size || close(fd))
		err(2, "%s", file);
}

int main(int argc, char **argv)
{
	unsigned int size;

	if (argc == 5 && !strcmp(argv[1], "new")) {
		size = atoi(argv[4]);
		if (size < PART || size > MAX_KEY || size % PART)
			errx(2, "%s: a multiple of 16 up to 64", argv[4]);
		new_key(argv[2], argv[3], size);
		return 0;
	}
	if (argc >= 4 && !strcmp(argv[1], "find"))
		return find(argv[2], argv + 3, argc - 3);
	errx(2, "usage: ksm-secret new FILE NAME BYTES | find IMAGE FILE...");
}
