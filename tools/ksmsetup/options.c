// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "options.h"

enum kind { FLAG, TEXT, WORD, NUMBER, LARGE_NUMBER };

/**
 * struct spec - an option
 * @name: after its two dashes
 * @letter: after one, or 0
 * @kind: what its value is: a bool, a string, one of @words, an int, a uint64_t
 * @at: where in struct options that goes
 * @max: of a number, which begins at 0
 * @words: with a blank between
 */
struct spec {
	const char *name;
	char letter;
	enum kind kind;
	size_t at;
	uint64_t max;
	const char *words;
};

#define AT(field) offsetof(struct options, field)
static const struct spec specs[] = {
	{ "type", 'M', WORD, AT(type), 0, "luks luks1 luks2 plain" },
	{ "hw", 0, WORD, AT(hw), 0, "auto require off" },
	{ "key-file", 'd', TEXT, AT(key_file), 0, NULL },
	{ "keyfile-offset", 0, LARGE_NUMBER, AT(keyfile_offset), SIZE_MAX,
	  NULL },
	{ "keyfile-size", 'l', LARGE_NUMBER, AT(keyfile_size), 8 << 20, NULL },
	{ "key-slot", 'S', NUMBER, AT(key_slot), 31, NULL },
	{ "token-id", 0, NUMBER, AT(token_id), 31, NULL },
	{ "token-only", 0, FLAG, AT(token_only), 0, NULL },
	{ "token-type", 0, TEXT, AT(token_type), 0, NULL },
	{ "tries", 'T', NUMBER, AT(tries), 1000, NULL },
	{ "timeout", 't', NUMBER, AT(timeout), INT_MAX / 1000, NULL },
	{ "header", 0, TEXT, AT(header), 0, NULL },
	{ "askpass", 0, TEXT, AT(askpass), 0, NULL },
	{ "tab", 0, TEXT, AT(tab), 0, NULL },
	{ "fallback", 0, FLAG, AT(fallback), 0, NULL },
	{ "readonly", 'r', FLAG, AT(readonly), 0, NULL },
	{ "allow-discards", 0, FLAG, AT(allow_discards), 0, NULL },
	{ "persistent", 0, FLAG, AT(persistent), 0, NULL },
	{ "test-passphrase", 0, FLAG, AT(test_passphrase), 0, NULL },
	{ "verify-passphrase", 'y', FLAG, AT(verify_passphrase), 0, NULL },
	{ "cipher", 'c', TEXT, AT(cipher), 0, NULL },
	{ "key-size", 's', NUMBER, AT(key_bits), 4096, NULL },
	{ "hash", 'h', TEXT, AT(hash), 0, NULL },
	{ "offset", 'o', LARGE_NUMBER, AT(offset), UINT64_MAX >> 10, NULL },
	{ "skip", 'p', LARGE_NUMBER, AT(skip), UINT64_MAX >> 10, NULL },
	{ "size", 'b', LARGE_NUMBER, AT(size), UINT64_MAX >> 10, NULL },
	{ "sector-size", 0, NUMBER, AT(sector_size), 4096, NULL },
	{ "iv-large-sectors", 0, FLAG, AT(iv_large_sectors), 0, NULL },
	{ "json", 0, FLAG, AT(json), 0, NULL },
	{ "deferred", 0, FLAG, AT(deferred), 0, NULL },
	{ "back", 0, FLAG, AT(back), 0, NULL },
	{ "batch-mode", 'q', FLAG, AT(quiet), 0, NULL },
	{ "verbose", 'v', FLAG, AT(verbose), 0, NULL },
	{ "help", 0, FLAG, AT(help), 0, NULL },
	{ "version", 'V', FLAG, AT(version), 0, NULL },
};

#define SPEC_COUNT (sizeof(specs) / sizeof(*specs))
_Static_assert(SPEC_COUNT <= 64, "bits of struct options' given");

static int number(const struct spec *spec, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(optarg, &end, 10);
	if (errno || end == optarg || *end || *optarg == '-' ||
	    *value > spec->max) {
		say_error("--%s %s: not a number from 0 to %llu", spec->name,
			  optarg, (unsigned long long)spec->max);
		return -EINVAL;
	}
	return 0;
}

/* LIST has blanks between its words. */
static bool is_among(const char *list, const char *word)
{
	const size_t len = strlen(word);

	while (list &&
	       (strncmp(list, word, len) || (list[len] && list[len] != ' '))) {
		list = strchr(list, ' ');
		if (list)
			list++;
	}
	return list && len;
}

static int word(const struct spec *spec, const char **value)
{
	if (is_among(spec->words, optarg)) {
		*value = optarg;
		return 0;
	}
	say_error("--%s %s: not one of %s", spec->name, optarg, spec->words);
	return -EINVAL;
}

static int set(struct options *options, const struct spec *spec)
{
	void *at = (char *)options + spec->at;
	uint64_t value;
	int err = 0;

	options->given |= UINT64_C(1) << (spec - specs);
	switch (spec->kind) {
	case FLAG:
		*(bool *)at = true;
		break;
	case TEXT:
		*(const char **)at = optarg;
		break;
	case WORD:
		return word(spec, at);
	case NUMBER:
		err = number(spec, &value);
		if (!err)
			*(int *)at = value;
		break;
	case LARGE_NUMBER:
		err = number(spec, at);
	}
	return err;
}

/* What getopt_long() wants to know. Its val is the place in specs, plus 256. */
static void make_getopt(struct option *longs, char *shorts)
{
	size_t i;

	for (i = 0; i < SPEC_COUNT; i++) {
		longs[i] = (struct option){
			.name = specs[i].name,
			.has_arg = specs[i].kind != FLAG,
			.val = 256 + i,
		};
		if (!specs[i].letter)
			continue;
		*shorts++ = specs[i].letter;
		if (specs[i].kind != FLAG)
			*shorts++ = ':';
	}
	longs[i] = (struct option){ .name = NULL };
	*shorts = 0;
}

static const struct spec *spec_of(int c)
{
	size_t i;

	if (c >= 256)
		return &specs[c - 256];
	for (i = 0; i < SPEC_COUNT; i++)
		if (specs[i].letter == c)
			return &specs[i];
	return NULL;
}

static int check(const struct options *options)
{
	const int size = options->sector_size;

	if (size != 512 && size != 1024 && size != 2048 && size != 4096) {
		say_error("--sector-size %d: not one of 512 1024 2048 4096",
			  size);
		return -EINVAL;
	}
	if (!options->fallback || strcmp(options->hw, "require"))
		return 0;
	say_error(
		"--fallback and --hw require contradict each other: dm-crypt has no hardware");
	return -EINVAL;
}

int options_parse(struct options *options, int argc, char **argv, char ***words)
{
	struct option longs[SPEC_COUNT + 1];
	char shorts[2 * SPEC_COUNT + 1];
	const struct spec *spec;
	int c, err;

	*options = (struct options){
		.type = "luks",
		.hw = "auto",
		.key_slot = ANY_NUMBER,
		.token_id = ANY_NUMBER,
		.sector_size = 512,
		.tries = 3,
	};
	make_getopt(longs, shorts);
	/* GNU's way to begin anew. */
	optind = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		spec = c == '?' ? NULL : spec_of(c);
		err = spec ? set(options, spec) : -EINVAL;
		if (err)
			return err;
	}
	*words = argv + optind;
	return check(options) ?: argc - optind;
}

static int refuse(const struct options *options, const char *names, bool among,
		  const char *what)
{
	size_t i;

	for (i = 0; i < SPEC_COUNT; i++)
		if (options->given & UINT64_C(1) << i &&
		    is_among(names, specs[i].name) == among &&
		    !is_among("batch-mode verbose", specs[i].name)) {
			say_error("--%s: not an option of %s", specs[i].name,
				  what);
			return -EINVAL;
		}
	return 0;
}

int options_only(const struct options *options, const char *names,
		 const char *what)
{
	return refuse(options, names, false, what);
}

int options_refuse(const struct options *options, const char *names,
		   const char *what)
{
	return refuse(options, names, true, what);
}

bool key_is_random(const char *key_file)
{
	return is_among("/dev/urandom /dev/random /dev/hwrng", key_file);
}
