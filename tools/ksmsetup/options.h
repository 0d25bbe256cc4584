/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line. Options have cryptsetup's names where they mean the same.
 */
#ifndef KSMSETUP_OPTIONS_H
#define KSMSETUP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define ANY_NUMBER (-1)

/* Names of options, for options_only() and options_refuse() */
#define OPTIONS_OF_KEYSLOTS "key-slot token-id token-only token-type header"
#define OPTIONS_OF_PLAIN                                                      \
	"cipher key-size hash offset skip size sector-size iv-large-sectors " \
	"verify-passphrase"
#define OPTIONS_OF_UNLOCKING                                 \
	OPTIONS_OF_KEYSLOTS " type key-file keyfile-offset " \
			    "keyfile-size tries timeout askpass"
#define OPTIONS_OF_VOLUMES                               \
	OPTIONS_OF_UNLOCKING " " OPTIONS_OF_PLAIN " hw " \
			     "fallback readonly allow-discards persistent"

/**
 * struct options - what was given, or a default
 * @type: "luks" for any version, "luks1", "luks2" or "plain"
 * @hw: "auto", "require" or "off"
 * @key_file: NULL if a passphrase is asked for; "-" is the standard input
 * @header: a detached header, or NULL
 * @askpass: a command that asks for a passphrase, or NULL
 * @token_type: of LUKS2 tokens that may be tried, NULL for all
 * @cipher: of a plain volume
 * @hash: of a plain volume's passphrase
 * @tab: instead of /etc/ksmtab, or NULL
 * @keyfile_offset: in bytes
 * @keyfile_size: in bytes, 0 for all of it
 * @offset: of a plain volume's data, in sectors of 512 bytes
 * @skip: what a plain volume's first sector is numbered, likewise
 * @size: of the mapping, likewise, 0 for all of the device
 * @key_slot: to be tried alone, or ANY_NUMBER
 * @token_id: likewise
 * @key_bits: of a plain volume
 * @sector_size: of a plain volume, in bytes: 512, 1024, 2048 or 4096
 * @tries: how often a passphrase or PIN is asked for, 0 for as often as it takes
 * @timeout: for a passphrase, in seconds, 0 for ever
 * @token_only: do not ask for a passphrase
 * @iv_large_sectors: of a plain volume
 * @readonly: the mapping
 * @allow_discards: passed down
 * @persistent: keep the flags in the volume's header
 * @test_passphrase: make no mapping
 * @verify_passphrase: ask twice
 * @json: for programs
 * @deferred: close when the last user has
 * @back: from ksm to dm-crypt
 * @fallback: to dm-crypt, if the kernel has no target ksm
 * @quiet: say errors only
 * @verbose: say more
 * @help: tell what there is
 * @version: likewise, of which version this is
 * @ask_instead: a passphrase is asked for if the key file opens nothing; not an option
 * @given: which were; known to options.c
 */
struct options {
	const char *type, *hw, *key_file, *header, *askpass, *tab, *token_type;
	const char *cipher, *hash;
	uint64_t keyfile_offset, keyfile_size, offset, skip, size;
	int key_slot, token_id, key_bits, sector_size, tries, timeout;
	bool token_only, iv_large_sectors, readonly, allow_discards, persistent;
	bool test_passphrase, verify_passphrase, json, deferred, back, fallback;
	bool quiet, verbose, help, version, ask_instead;
	uint64_t given;
};

/**
 * options_parse() - read the command line
 * @options: set
 * @argc: as main()
 * @argv: as main(), which is put into order
 * @words: set to the first argument that is no option
 *
 * Return: how many of those there are; or a negative errno, after having said why.
 */
int options_parse(struct options *options, int argc, char **argv,
		  char ***words);

/**
 * options_only() - refuse what would have no effect
 * @options: what was given
 * @names: of those that have one, with a blank between
 * @what: that has no others
 *
 * Return: 0 or a negative errno, after having said which it is.
 */
int options_only(const struct options *options, const char *names,
		 const char *what);

/* key_is_random() - it is another one each time */
bool key_is_random(const char *key_file);

/* options_refuse() - likewise, but @names are those that @what has not */
int options_refuse(const struct options *options, const char *names,
		   const char *what);

#endif /* KSMSETUP_OPTIONS_H */
