// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "options.h"

/* Options without a letter. */
enum {
	OPT_HW = 256,
	OPT_HEADER,
	OPT_KEYFILE_OFFSET,
	OPT_TOKEN_ID,
	OPT_TOKEN_ONLY,
	OPT_TOKEN_TYPE,
	OPT_ALLOW_DISCARDS,
	OPT_PERSISTENT,
	OPT_TEST_PASSPHRASE,
	OPT_SECTOR_SIZE,
	OPT_IV_LARGE_SECTORS,
	OPT_JSON,
	OPT_DEFERRED,
	OPT_BACK,
	OPT_ASKPASS,
	OPT_FALLBACK,
	OPT_HELP,
	OPT_TAB,
};

static const struct option longs[] = {
	{ "type", required_argument, NULL, 'M' },
	{ "hw", required_argument, NULL, OPT_HW },
	{ "key-file", required_argument, NULL, 'd' },
	{ "keyfile-offset", required_argument, NULL, OPT_KEYFILE_OFFSET },
	{ "keyfile-size", required_argument, NULL, 'l' },
	{ "key-slot", required_argument, NULL, 'S' },
	{ "token-id", required_argument, NULL, OPT_TOKEN_ID },
	{ "token-only", no_argument, NULL, OPT_TOKEN_ONLY },
	{ "token-type", required_argument, NULL, OPT_TOKEN_TYPE },
	{ "tries", required_argument, NULL, 'T' },
	{ "timeout", required_argument, NULL, 't' },
	{ "header", required_argument, NULL, OPT_HEADER },
	{ "askpass", required_argument, NULL, OPT_ASKPASS },
	{ "tab", required_argument, NULL, OPT_TAB },
	{ "fallback", no_argument, NULL, OPT_FALLBACK },
	{ "readonly", no_argument, NULL, 'r' },
	{ "allow-discards", no_argument, NULL, OPT_ALLOW_DISCARDS },
	{ "persistent", no_argument, NULL, OPT_PERSISTENT },
	{ "test-passphrase", no_argument, NULL, OPT_TEST_PASSPHRASE },
	{ "verify-passphrase", no_argument, NULL, 'y' },
	{ "cipher", required_argument, NULL, 'c' },
	{ "key-size", required_argument, NULL, 's' },
	{ "hash", required_argument, NULL, 'h' },
	{ "offset", required_argument, NULL, 'o' },
	{ "skip", required_argument, NULL, 'p' },
	{ "size", required_argument, NULL, 'b' },
	{ "sector-size", required_argument, NULL, OPT_SECTOR_SIZE },
	{ "iv-large-sectors", no_argument, NULL, OPT_IV_LARGE_SECTORS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "deferred", no_argument, NULL, OPT_DEFERRED },
	{ "back", no_argument, NULL, OPT_BACK },
	{ "batch-mode", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int number(const char *name, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(optarg, &end, 10);
	if (errno || end == optarg || *end || *optarg == '-' || *value > max) {
		say_error("--%s %s: not a number from 0 to %llu", name, optarg,
			  (unsigned long long)max);
		return -EINVAL;
	}
	return 0;
}

static int small_number(const char *name, int max, int *value)
{
	uint64_t large;
	int err = number(name, max, &large);

	if (!err)
		*value = large;
	return err;
}

/* @list: words with a blank between. */
static int one_of(const char *name, const char *list, const char **value)
{
	const size_t len = strlen(optarg);
	const char *word = list;

	while (word && (strncmp(word, optarg, len) ||
			(word[len] && word[len] != ' '))) {
		word = strchr(word, ' ');
		if (word)
			word++;
	}
	if (word && len) {
		*value = optarg;
		return 0;
	}
	say_error("--%s %s: not one of %s", name, optarg, list);
	return -EINVAL;
}

static int parse_one(struct options *o, int c)
{
	switch (c) {
	case 'M':
		return one_of("type", "luks luks1 luks2 plain", &o->type);
	case OPT_HW:
		return one_of("hw", "auto require off", &o->hw);
	case 'd':
		o->key_file = optarg;
		return 0;
	case OPT_KEYFILE_OFFSET:
		return number("keyfile-offset", SIZE_MAX, &o->keyfile_offset);
	case 'l':
		return number("keyfile-size", 8 << 20, &o->keyfile_size);
	case 'S':
		return small_number("key-slot", 31, &o->key_slot);
	case OPT_TOKEN_ID:
		return small_number("token-id", 31, &o->token_id);
	case OPT_TOKEN_ONLY:
		o->token_only = true;
		return 0;
	case OPT_TOKEN_TYPE:
		o->token_type = optarg;
		return 0;
	case 'T':
		return small_number("tries", 1000, &o->tries);
	case 't':
		return small_number("timeout", INT_MAX / 1000, &o->timeout);
	case OPT_HEADER:
		o->header = optarg;
		return 0;
	case OPT_ASKPASS:
		o->askpass = optarg;
		return 0;
	case OPT_TAB:
		o->tab = optarg;
		return 0;
	case OPT_FALLBACK:
		o->fallback = true;
		return 0;
	case 'r':
		o->readonly = true;
		return 0;
	case OPT_ALLOW_DISCARDS:
		o->allow_discards = true;
		return 0;
	case OPT_PERSISTENT:
		o->persistent = true;
		return 0;
	case OPT_TEST_PASSPHRASE:
		o->test_passphrase = true;
		return 0;
	case 'y':
		o->verify_passphrase = true;
		return 0;
	case 'c':
		o->cipher = optarg;
		return 0;
	case 's':
		return small_number("key-size", 4096, &o->key_bits);
	case 'h':
		o->hash = optarg;
		return 0;
	case 'o':
		return number("offset", UINT64_MAX >> 10, &o->offset);
	case 'p':
		return number("skip", UINT64_MAX >> 10, &o->skip);
	case 'b':
		return number("size", UINT64_MAX >> 10, &o->size);
	case OPT_SECTOR_SIZE:
		return small_number("sector-size", 4096, &o->sector_size);
	case OPT_IV_LARGE_SECTORS:
		o->iv_large_sectors = true;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_DEFERRED:
		o->deferred = true;
		return 0;
	case OPT_BACK:
		o->back = true;
		return 0;
	case 'q':
		message_quiet = true;
		return 0;
	case 'v':
		message_verbose = true;
		return 0;
	case OPT_HELP:
		o->help = true;
		return 0;
	case 'V':
		printf("ksmsetup %s\n", VERSION);
		exit(0);
	}
	return -EINVAL;
}

int options_parse(struct options *options, int argc, char **argv, char ***words)
{
	int c, err;

	*options = (struct options){
		.type = "luks",
		.hw = "auto",
		.key_slot = ANY_NUMBER,
		.token_id = ANY_NUMBER,
		.sector_size = 512,
		.tries = 3,
	};
	/* GNU's way to begin anew. */
	optind = 0;
	while ((c = getopt_long(argc, argv, "M:d:l:S:T:t:ryc:s:h:o:p:b:qvV",
				longs, NULL)) != -1) {
		err = parse_one(options, c);
		if (err)
			return err;
	}
	*words = argv + optind;
	if (options->fallback && !strcmp(options->hw, "require")) {
		say_error(
			"--fallback and --hw require contradict each other: dm-crypt has no hardware");
		return -EINVAL;
	}
	return argc - optind;
}
