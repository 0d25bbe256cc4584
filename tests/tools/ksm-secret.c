// SPDX-License-Identifier: GPL-2.0-only
// LDLIBS: -lkeyutils
// CFLAGS: -mgeneral-regs-only
/*
 * ksm-secret - a key that is nowhere in memory but where it was given to, and
 * the search for it in an image of the memory
 *
 *	ksm-secret new FILE NAME BYTES	a random logon key ksm:NAME in the user's
 *					keyring, and its complement in FILE
 *	ksm-secret hex FILE		the key's hex digits on stdout
 *	ksm-secret table DEVICE FILE SECTORS TARGET PARAMETERS [secure]
 *					load a table; an @ is the key in hex digits
 *	ksm-secret message DEVICE FILE MESSAGE [secure | stay]
 *					to a target, likewise
 *	ksm-secret read|write DEVICE stay  a page, directly
 *	ksm-secret find IMAGE FILE...	search a file or disk for them
 *
 * What is searched for: every 16 bytes of the key, every round key of AES-256
 * for each 32 of them and, of a key that has no more, of AES-128 for each 16, as
 * they are; and the key's in hex digits, of either case. A few bytes that are left
 * of a key are not found. Prints for each FILE what was found how often. Exit
 * status: 0 if all that is nothing, 1 if not, 2 if something went wrong.
 * "secure": device mapper is to wipe what it is given. "stay": the program reads
 * its input when that is done, and what the kernel had on its stack stays there.
 *
 * This program must not leave what it searches for, or the next image has it: the
 * pages of its stack are freed without being wiped (round keys were found there),
 * and so is the FPU state that vector registers are saved to. So all of it is only
 * ever kept as its complement, single bytes are turned back in a register, and no
 * vector register sees any of it. For that reason no memcpy() or memcmp() of such
 * bytes either, since those of the C library use these registers.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <keyutils.h>
#include <linux/dm-ioctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_KEY	   64
#define MAX_FILES  24
#define ROUND_KEYS 15
#define PART	   16
#define READ_SIZE  (1 << 20)
#define ALIGNMENT  4096
#define WORD	   8
#define HASH_BITS  18

enum kind { RAW, ROUND, HEX, KINDS };

struct needle {
	unsigned int key;
	enum kind kind;
	unsigned int size;
	uint8_t inv[2 * PART];
};

/*
 * Wherever a needle lies, the first aligned word of memory in it is one of
 * those that begin at its bytes 0 to 7. So only aligned words are looked at.
 */
struct word {
	uint64_t inv;
	unsigned int needle;
	unsigned int offset;
	unsigned int next;
};

/*
 * Of each key: 4 parts, the same twice in hex, 13 round keys for each half. Or 2
 * parts, the same in hex, 13 round keys, and 10 for each half.
 */
#define MAX_NEEDLES (MAX_FILES * (12 + 2 * (ROUND_KEYS - 2)) + MAX_FILES)

static struct needle needles[MAX_NEEDLES];
static struct word words[MAX_NEEDLES * WORD];
/* By hash, the first word plus 1; 0 if there is none. */
static uint16_t heads[1 << HASH_BITS];
static unsigned int nr_needles, nr_words, nr_keys;
static unsigned long found[MAX_FILES][KINDS];
static uint8_t sbox[256];

static unsigned int hash(uint64_t inv)
{
	return inv * 0x9e3779b97f4a7c15 >> (64 - HASH_BITS);
}

static void add_word(unsigned int needle, unsigned int offset)
{
	struct word *w = &words[nr_words++];
	unsigned int i;

	w->needle = needle;
	w->offset = offset;
	for (i = 0; i < WORD; i++)
		w->inv |= (uint64_t)needles[needle].inv[offset + i] << 8 * i;
	w->next = heads[hash(w->inv)];
	heads[hash(w->inv)] = nr_words;
}

static void add_needle(enum kind kind, const uint8_t *inv, unsigned int size)
{
	struct needle *n = &needles[nr_needles];
	unsigned int i;

	n->key = nr_keys;
	n->kind = kind;
	n->size = size;
	for (i = 0; i < size; i++)
		n->inv[i] = inv[i];
	for (i = 0; i < WORD; i++)
		add_word(nr_needles, i);
	nr_needles++;
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

/*
 * Byte @j of what is added to word @i; @prev is the complement of the word before,
 * @nk the number of words of the key.
 */
static uint8_t schedule_byte(const uint8_t *prev, unsigned int nk,
			     unsigned int i, unsigned int j, uint8_t rcon)
{
	uint8_t byte;

	if (i % nk)
		byte = ~prev[j];
	else
		byte = ~prev[(j + 1) % 4];
	if (i % 4 == 0)
		byte = sbox[byte];
	if (i % nk == 0 && j == 0)
		byte ^= rcon;
	return byte;
}

/* Of AES with a key of @nk words, 4 or 8. */
static void add_round_keys(const uint8_t *inv, unsigned int nk)
{
	const unsigned int round_keys = nk + 7;
	uint8_t w[4 * 4 * ROUND_KEYS], rcon = 1;
	unsigned int i, j;

	for (i = 0; i < 4 * nk; i++)
		w[i] = inv[i];
	for (i = nk; i < 4 * round_keys; i++) {
		/* The complement of a sum is that of one of the two and the other. */
		for (j = 0; j < 4; j++)
			w[4 * i + j] =
				w[4 * (i - nk) + j] ^
				schedule_byte(w + 4 * (i - 1), nk, i, j, rcon);
		if (i % nk == 0)
			rcon = times2(rcon);
	}
	/* The first one or two are the key itself. */
	for (i = nk / 4; i < round_keys; i++)
		add_needle(ROUND, w + PART * i, PART);
}

/* ---- needles ---- */

static char digit(uint8_t inv, unsigned int nr, const char *digits)
{
	uint8_t byte = ~inv;

	return digits[nr % 2 ? byte & 15 : byte >> 4];
}

static void add_hex(const uint8_t *inv, const char *digits)
{
	uint8_t hex[2 * PART];
	unsigned int i;

	for (i = 0; i < 2 * PART; i++)
		hex[i] = ~digit(inv[i / 2], i, digits);
	add_needle(HEX, hex, 2 * PART);
}

static void make_needles(const uint8_t *inv, unsigned int size)
{
	unsigned int i;

	for (i = 0; i + PART <= size; i += PART) {
		add_needle(RAW, inv + i, PART);
		add_hex(inv + i, "0123456789abcdef");
		add_hex(inv + i, "0123456789ABCDEF");
	}
	for (i = 0; i + 32 <= size; i += 32)
		add_round_keys(inv + i, 8);
	for (i = 0; size <= 32 && i + 16 <= size; i += 16)
		add_round_keys(inv + i, 4);
}

/* Returns the size of the key, of which @inv is the complement. */
static unsigned int read_key(const char *file, uint8_t *inv)
{
	int fd = open(file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, inv, MAX_KEY);

	if (n < PART)
		err(2, "%s", file);
	close(fd);
	return n;
}

/* ---- the search ---- */

static bool is_at(const uint8_t *at, const struct needle *n)
{
	unsigned int i;

	for (i = 0; i < n->size; i++) {
		if ((at[i] ^ n->inv[i]) != 0xff)
			return false;
	}
	return true;
}

static void check(const uint8_t *at, uint64_t where, unsigned int next)
{
	static const char *const names[] = { "raw", "round", "hex" };
	const uint64_t inv = ~*(const uint64_t *)at;
	const struct needle *n;
	const struct word *w;

	for (; next; next = w->next) {
		w = &words[next - 1];
		n = &needles[w->needle];
		if (w->inv != inv || !is_at(at - w->offset, n))
			continue;
		if (!found[n->key][n->kind]++)
			fprintf(stderr, "key %u: %s, the first at %#llx\n",
				n->key + 1, names[n->kind],
				(unsigned long long)(where - w->offset));
	}
}

/* Words from @p to @end; @where is the place of @p in the image. */
static void search_piece(const uint8_t *p, const uint8_t *end, uint64_t where)
{
	unsigned int next;
	uint64_t word;

	for (; p < end; p += WORD, where += WORD) {
		word = *(const uint64_t *)p;
		/* Most of a memory is nothing. */
		if (!word)
			continue;
		next = heads[hash(~word)];
		if (next)
			check(p, where, next);
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
	/* A page before, of zeroes, and one after, with which the next piece begins. */
	const size_t bytes = READ_SIZE + 3 * ALIGNMENT;
	uint8_t *base = aligned_alloc(ALIGNMENT, bytes);
	uint8_t *buf = base + ALIGNMENT;
	int fd = open_direct(image);
	unsigned long long pos = 0;
	size_t skip = 0;
	ssize_t got;

	if (fd < 0 || !base)
		err(2, "%s", image);
	memset(base, 0, bytes);
	do {
		got = pread(fd, buf, READ_SIZE + ALIGNMENT, pos);
		if (got < 0)
			err(2, "%s", image);
		if (got < READ_SIZE + ALIGNMENT)
			memset(buf + got, 0, READ_SIZE + 2 * ALIGNMENT - got);
		/* What begins before the first word was found in the last piece. */
		search_piece(buf + skip, buf + READ_SIZE + WORD, pos + skip);
		skip = WORD;
		pos += got < READ_SIZE ? got : READ_SIZE;
	} while (got > READ_SIZE);
	printf("%llu bytes\n", pos);
	close(fd);
	explicit_bzero(base, bytes);
	free(base);
}

static int find(const char *image, char **files, int nr_files)
{
	uint8_t inv[MAX_KEY];
	unsigned long *f;
	int i, any = 0;

	if (nr_files > MAX_FILES)
		errx(2, "at most %d keys", MAX_FILES);
	make_sbox();
	for (i = 0; i < nr_files; i++) {
		make_needles(inv, read_key(files[i], inv));
		nr_keys++;
	}
	search(image);
	for (i = 0; i < nr_files; i++) {
		f = found[i];
		printf("%s: raw %lu, round %lu, hex %lu\n", files[i], f[RAW],
		       f[ROUND], f[HEX]);
		any |= f[RAW] || f[ROUND] || f[HEX];
	}
	return any;
}

/* ---- keys and where they are given to ---- */

static void invert(uint8_t *key, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		key[i] = ~key[i];
}

static void new_key(const char *file, const char *name, unsigned int size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	uint8_t key[MAX_KEY];
	char desc[256];
	key_serial_t id;

	snprintf(desc, sizeof(desc), "ksm:%s", name);
	/* Not the C library's, which may make them by itself, in vector registers. */
	if (syscall(SYS_getrandom, key, size, 0) != size)
		err(2, "getrandom");
	id = add_key("logon", desc, key, size, KEY_SPEC_USER_KEYRING);
	/* The complement is all that this process knows of it from here on. */
	invert(key, size);
	if (id < 0)
		err(2, "%s", desc);
	if (fd < 0 || write(fd, key, size) != size || close(fd))
		err(2, "%s", file);
}

/* What is given to others has the key in clear: cleared at once after that. */
static union {
	char bytes[ALIGNMENT];
	struct dm_ioctl dm;
} out;

/* @text with the key instead of an @, to @at in what is given away. Returns the end. */
static size_t put_text(size_t at, const char *text, const char *file)
{
	uint8_t inv[MAX_KEY];
	unsigned int size = read_key(file, inv), i;

	if (at + strlen(text) + 2 * size >= sizeof(out))
		errx(2, "too long");
	for (; *text; text++) {
		if (*text != '@') {
			out.bytes[at++] = *text;
			continue;
		}
		for (i = 0; i < 2 * size; i++)
			out.bytes[at++] =
				digit(inv[i / 2], i, "0123456789abcdef");
	}
	return at;
}

static int print_hex(const char *file)
{
	size_t size = put_text(0, "@", file);
	bool done = write(STDOUT_FILENO, out.bytes, size) == size;

	explicit_bzero(&out, sizeof(out));
	return done ? 0 : 2;
}

/* Returns an exit status. @end is where the parameters end, that begin at @start. */
static int dm_call(unsigned long request, const char *device, size_t start,
		   size_t end, bool secure)
{
	struct dm_ioctl *dm = &out.dm;
	int fd = open("/dev/mapper/control", O_RDWR);
	bool done;

	dm->version[0] = DM_VERSION_MAJOR;
	dm->data_size = end + 1;
	dm->data_start = start;
	dm->target_count = 1;
	dm->flags = secure ? DM_SECURE_DATA_FLAG : 0;
	snprintf(dm->name, sizeof(dm->name), "%s", device);
	done = fd >= 0 && !ioctl(fd, request, dm);
	explicit_bzero(&out, sizeof(out));
	if (!done)
		warn("%s", device);
	return done ? 0 : 1;
}

static int load_table(char **argv, bool secure)
{
	const size_t start = sizeof(struct dm_ioctl);
	struct dm_target_spec *spec = (void *)(out.bytes + start);
	size_t end = put_text(start + sizeof(*spec), argv[4], argv[1]);

	spec->length = strtoull(argv[2], NULL, 10);
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", argv[3]);
	return dm_call(DM_TABLE_LOAD, argv[0], start, end, secure);
}

static int send_message(char **argv, bool secure)
{
	const size_t start = sizeof(struct dm_ioctl);
	size_t end = put_text(start + sizeof(struct dm_target_msg), argv[2],
			      argv[1]);

	return dm_call(DM_TARGET_MSG, argv[0], start, end, secure);
}

static int transfer_page(const char *device, bool writing)
{
	static uint8_t page[ALIGNMENT] __attribute__((aligned(ALIGNMENT)));
	int fd = open(device, O_RDWR | O_DIRECT);
	ssize_t n = -1;

	if (fd >= 0)
		n = writing ? pwrite(fd, page, sizeof(page), 0) :
			      pread(fd, page, sizeof(page), 0);
	if (n != sizeof(page))
		err(2, "%s", device);
	return 0;
}

/* Waits in the kernel, not deep in it, and without having been there since. */
static int stay(int status)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) < 0)
		err(2, "staying");
	return status;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	bool secure = argc > 2 && !strcmp(argv[argc - 1], "secure");
	unsigned int size;

	if (argc == 5 && !strcmp(command, "new")) {
		size = atoi(argv[4]);
		if (size < PART || size > MAX_KEY || size % PART)
			errx(2, "%s: a multiple of 16 up to 64", argv[4]);
		new_key(argv[2], argv[3], size);
		return 0;
	}
	if (argc == 3 && !strcmp(command, "hex"))
		return print_hex(argv[2]);
	if (argc == 7 + secure && !strcmp(command, "table"))
		return load_table(argv + 2, secure);
	if (argc == 5 + secure && !strcmp(command, "message"))
		return send_message(argv + 2, secure);
	if (argc == 6 && !strcmp(command, "message") &&
	    !strcmp(argv[5], "stay"))
		return stay(send_message(argv + 2, false));
	if (argc == 4 && !strcmp(argv[3], "stay") &&
	    (!strcmp(command, "read") || !strcmp(command, "write")))
		return stay(transfer_page(argv[2], !strcmp(command, "write")));
	if (argc >= 4 && !strcmp(command, "find"))
		return find(argv[2], argv + 3, argc - 3);
	errx(2,
	     "usage: ksm-secret new FILE NAME BYTES | hex FILE | table DEVICE FILE SECTORS TARGET PARAMETERS [secure] | message DEVICE FILE MESSAGE [secure | stay] | read|write DEVICE stay | find IMAGE FILE...");
}
