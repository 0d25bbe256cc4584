// SPDX-License-Identifier: GPL-2.0-only
// LDLIBS: -lcrypto
/*
 * ksm-ref - what dm-crypt's on-disk format says the ciphertext is
 *
 * The oracle of the test suites: it computes, in user space and from the
 * published definitions of the ciphers, what `ksm` and dm-crypt must write. The
 * kernel's crypto API has no part in it. AES, SHA-256, SM4 and Poly1305 are
 * OpenSSL's (3.0 or later); XTS over SM4 and everything else of Adiantum are
 * written out in xts.c, xchacha12.c and adiantum.c.
 *
 *	ksm-ref encrypt|decrypt --cipher SPEC --key HEX --sector-size SIZE
 *		[--iv-large-sectors] [--iv-offset N] [--start-sector S]
 *	ksm-ref pattern --seed N --bytes N
 *	ksm-ref selftest
 *
 * encrypt and decrypt filter standard input to standard output. S is where in
 * the mapping the input starts, S and the IV offset count 512 bytes, SPEC is a
 * cipher as in a dm-crypt table.
 *
 * pattern writes test data: the keystream of AES-256 in counter mode, the
 * counter from zero, the key SHA-256("ksm-ref pattern" || seed as LE64).
 *
 * Exit status: 0; 1 if something fails (input which does not end at the end of
 * a sector included); 2 if the arguments are wrong.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "bytes.h"
#include "die.h"
#include "modes.h"
#include "pattern.h"
#include "selftest.h"

#define EXIT_USAGE 2

static void write_out(const uint8_t *buf, size_t len)
{
	if (fwrite(buf, 1, len, stdout) != len)
		die(EXIT_FAILURE, "writing: %s", strerror(errno));
}

static void usage(FILE *f)
{
	size_t i;

	fputs("usage: ksm-ref encrypt|decrypt --cipher SPEC --key HEX\n"
	      "               --sector-size 512|1024|2048|4096 [--iv-large-sectors]\n"
	      "               [--iv-offset N] [--start-sector S] < IN > OUT\n"
	      "       ksm-ref pattern --seed N --bytes N > OUT\n"
	      "       ksm-ref selftest\n"
	      "SPEC is one of:\n",
	      f);
	for (i = 0; i < nr_modes; i++)
		fprintf(f, "       %s\n", modes[i].spec);
}

static uint64_t parse_number(const char *option, const char *s)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(s, &end, strncmp(s, "0x", 2) ? 10 : 16);
	if (*s < '0' || *s > '9' || *end || errno)
		die(EXIT_USAGE, "--%s: not a 64-bit number: '%s'", option, s);
	return v;
}

enum option_id {
	OPT_CIPHER,
	OPT_KEY,
	OPT_SECTOR_SIZE,
	OPT_IV_LARGE_SECTORS,
	OPT_IV_OFFSET,
	OPT_START_SECTOR,
	OPT_SEED,
	OPT_BYTES,
	NR_OPTIONS,
};

static const struct option crypt_options[] = {
	{ "cipher", required_argument, NULL, OPT_CIPHER },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "sector-size", required_argument, NULL, OPT_SECTOR_SIZE },
	{ "iv-large-sectors", no_argument, NULL, OPT_IV_LARGE_SECTORS },
	{ "iv-offset", required_argument, NULL, OPT_IV_OFFSET },
	{ "start-sector", required_argument, NULL, OPT_START_SECTOR },
	{ NULL, 0, NULL, 0 },
};

static const struct option pattern_options[] = {
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "bytes", required_argument, NULL, OPT_BYTES },
	{ NULL, 0, NULL, 0 },
};

static const struct option no_options[] = {
	{ NULL, 0, NULL, 0 },
};

/* Leaves in @args what was given for each option, "" for a bare one. */
static void parse_options(int argc, char **argv, const struct option *options,
			  const char *args[NR_OPTIONS])
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt < 0 || opt >= NR_OPTIONS)
			exit(EXIT_USAGE); /* getopt has said why */
		if (args[opt])
			die(EXIT_USAGE, "an option is given twice");
		args[opt] = optarg ? optarg : "";
	}
	if (optind < argc)
		die(EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
}

static const char *need(const char *args[NR_OPTIONS], enum option_id id,
			const char *name)
{
	if (!args[id])
		die(EXIT_USAGE, "--%s is missing", name);
	return args[id];
}

static int cmd_crypt(bool encrypt, const char *args[NR_OPTIONS])
{
	uint64_t sector = 0, iv_offset = 0, sector_size, per_unit;
	const struct mode *mode;
	uint8_t key[MAX_KEY];
	uint8_t buf[MAX_UNIT];
	bool large = args[OPT_IV_LARGE_SECTORS];
	struct crypt c;
	ssize_t key_size;
	size_t n;

	mode = mode_find(need(args, OPT_CIPHER, "cipher"));
	if (!mode)
		die(EXIT_USAGE, "unknown cipher '%s'", args[OPT_CIPHER]);
	key_size = parse_hex(need(args, OPT_KEY, "key"), key, sizeof(key));
	if (key_size < 0)
		die(EXIT_USAGE, "--key: not hexadecimal bytes, or too many");
	if (!mode_takes_key(mode, key_size))
		die(EXIT_USAGE, "%s takes no key of %zd bytes", mode->spec,
		    key_size);
	sector_size = parse_number("sector-size",
				   need(args, OPT_SECTOR_SIZE, "sector-size"));
	if (sector_size != 512 && sector_size != 1024 && sector_size != 2048 &&
	    sector_size != 4096)
		die(EXIT_USAGE, "--sector-size: not 512, 1024, 2048 or 4096");
	if (args[OPT_IV_OFFSET])
		iv_offset = parse_number("iv-offset", args[OPT_IV_OFFSET]);
	if (args[OPT_START_SECTOR])
		sector = parse_number("start-sector", args[OPT_START_SECTOR]);

	/* dm-crypt has no such mappings, and no such I/O */
	per_unit = sector_size >> SECTOR_SHIFT;
	if (iv_offset % per_unit)
		die(EXIT_USAGE,
		    "--iv-offset: not a multiple of the sector size");
	if (sector % per_unit)
		die(EXIT_USAGE,
		    "--start-sector: not a multiple of the sector size");

	crypt_init(&c, mode, key, key_size, encrypt, false);
	while ((n = fread(buf, 1, sector_size, stdin)) == sector_size) {
		crypt_numbered_unit(
			&c, unit_number(sector, iv_offset, sector_size, large),
			buf, sector_size);
		write_out(buf, sector_size);
		sector += per_unit;
	}
	if (ferror(stdin))
		die(EXIT_FAILURE, "reading: %s", strerror(errno));
	crypt_exit(&c);
	if (n)
		die(EXIT_FAILURE,
		    "the input ends %zu bytes into a sector of %llu", n,
		    (unsigned long long)sector_size);
	return EXIT_SUCCESS;
}

static int cmd_pattern(const char *args[NR_OPTIONS])
{
	uint64_t seed = parse_number("seed", need(args, OPT_SEED, "seed"));
	uint64_t left = parse_number("bytes", need(args, OPT_BYTES, "bytes"));
	static uint8_t buf[65536];
	EVP_CIPHER_CTX *ctx;

	pattern_open(&ctx, seed);
	while (left) {
		size_t n = left < sizeof(buf) ? left : sizeof(buf);

		pattern_next(ctx, buf, n);
		write_out(buf, n);
		left -= n;
	}
	EVP_CIPHER_CTX_free(ctx);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *args[NR_OPTIONS] = { NULL };
	const char *cmd = argc > 1 ? argv[1] : "";
	int ret;

	if (!strcmp(cmd, "--help")) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (!strcmp(cmd, "encrypt") || !strcmp(cmd, "decrypt")) {
		parse_options(argc - 1, argv + 1, crypt_options, args);
		ret = cmd_crypt(!strcmp(cmd, "encrypt"), args);
	} else if (!strcmp(cmd, "pattern")) {
		parse_options(argc - 1, argv + 1, pattern_options, args);
		ret = cmd_pattern(args);
	} else if (!strcmp(cmd, "selftest")) {
		parse_options(argc - 1, argv + 1, no_options, args);
		ret = cmd_selftest();
	} else {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (fflush(stdout))
		die(EXIT_FAILURE, "writing: %s", strerror(errno));
	return ret;
}
