// SPDX-License-Identifier: GPL-2.0-only
/* The grammar's words, good ones and strange ones. */
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "arena.h"
#include "chance.h"
#include "disks.h"
#include "keys.h"
#include "words.h"

static char *binary(void)
{
	size_t i, len = 1 + below(12);
	char *at = room(len + 1);

	for (i = 0; i < len; i++)
		at[i] = 1 + below(255);
	at[len] = '\0';
	return at;
}

static char *strange_number(void)
{
	static const char *const numbers[] = {
		"0",
		"1",
		"7",
		"8",
		"+8",
		"-1",
		"-8",
		"08",
		"0x10",
		"8k",
		"1.5",
		"x",
		"''",
		"\\",
		"8\\\n",
		"8\\ ",
		"511",
		"513",
		"4095",
		"4097",
		"2147483648",
		"4294967295",
		"4294967296",
		"4294967297",
		"4294967304",
		"36028797018963968",
		"9223372036854775807",
		"9223372036854775808",
		"18446744073709551608",
		"18446744073709551615",
		"18446744073709551616",
		"18446744073709551624",
		"340282366920938463463374607431768211456"
	};

	switch (below(16)) {
	case 0:
		return word("%ju", (uintmax_t)rnd());
	case 1:
		return word("%ju", (uintmax_t)1 << below(64));
	case 2:
		return word("%ju", ((uintmax_t)1 << below(64)) - 1);
	case 3:
		return word("-%ju", (uintmax_t)rnd());
	case 4:
		return filled('0' + below(10), 1 + below(300));
	default:
		return word("%s", PICK(numbers));
	}
}

/* Rarely as long as it takes to see that nobody has a buffer for it. */
static char *long_word(void)
{
	return filled(one_in(2) ? '0' : 'A' + below(58),
		      one_in(12) ? 20000 : 200 + below(2000));
}

char *good_cipher(const struct cipher **cipher)
{
	*cipher = &ciphers[below(nr_ciphers)];
	return word("%s", (*cipher)->spelling);
}

static char *strange_cipher(void)
{
	static const char *const strange[] = {
		"aes",
		"aes-xts",
		"aes-xts-plain",
		"AES-XTS-PLAIN64",
		"aes-xts-plain64be",
		"aes-cbc-essiv:sha1",
		"aes-cbc-essiv:",
		"capi:",
		"capi:xts(aes-plain64",
		"capi:xts(aes)-",
		"cipher_null-ecb",
		"aes:64-cbc-lmk",
		"%s%n%p",
		"sm4-cbc-plain64",
		"aes-xts-plain64-",
		"-",
		"xchacha20,aes-adiantum-plain64"
	};

	return one_in(8) ? long_word() : word("%s", PICK(strange));
}

static char *hex_key(unsigned int size)
{
	char *key = word("%.*s", (int)(2 * size), key_hex);

	/* Another key, which is known as well. */
	if (size && one_in(2))
		key[0] = 'a' + below(6);
	return key;
}

char *good_key(unsigned int size)
{
	const struct ring_key *key;
	unsigned int i;

	if (one_in(2))
		return hex_key(size);
	for (i = 0; i < 30; i++) {
		key = &ring[below(nr_ring)];
		if (key->size != size || key->revoked || key->absent)
			continue;
		return word(":%u:%s:%s", size, key->type,
			    strchr(key->desc, '\\') ? "back\\\\slash%s:64" :
						      key->desc);
	}
	return hex_key(size);
}

static char *strange_reference(void)
{
	static const char *const types[] = { "logon",	"user",	   "encrypted",
					     "trusted", "keyring", "LOGON",
					     "",	"logo",	   "asymmetric",
					     "big_key", "%s" };
	static const char *const descs[] = { "none",	 "",	      "fuzz:64",
					     "fuzz-64",	 "fuzz\\ 64", ":",
					     "fuzz",	 "%n%n",      "short",
					     "fuzz:64:", "revoked-32" };
	static const char *const whole[] = { ":",   "::",    ":::",
					     ":64", ":64:",  ":64:logon",
					     ":x:", ":::::", ":redacted:" };
	const struct ring_key *key = &ring[below(nr_ring)];

	switch (below(10)) {
	case 0:
		return word("%s", PICK(whole));
	case 1:
		return word(":%s:%s:%s", strange_number(), key->type,
			    key->desc);
	case 2:
		return word(":%u:%s:%s", key->size, PICK(types), long_word());
	case 3:
		return word(":%u:%s:%s", key->size, key->type, PICK(descs));
	case 4: /* Another size than it has. */
	case 5:
		return word(":%u:%s:%s", PICK(((unsigned int[]){ 16, 32, 64 })),
			    key->type, key->desc);
	case 6: /* It may be revoked. */
	case 7:
		return word(":%u:%s:%s", key->size, key->type, key->desc);
	default:
		return word(":%u:%s:%s", key->size, PICK(types), PICK(descs));
	}
}

char *strange_key(void)
{
	char *key;

	switch (below(8)) {
	case 0:
		return hex_key(below(65));
	case 1: /* An odd number of digits, or too many. */
		return word("%s%.*s", key_hex, 1 + below(100), key_hex);
	case 2: /* Not hex somewhere. */
		key = hex_key(PICK(((unsigned int[]){ 16, 32, 64 })));
		key[below(strlen(key))] = "gG:-/@`\x80"[below(8)];
		return key;
	case 3:
		return word("-");
	case 4:
		return word("0x%s", hex_key(32));
	default:
		return strange_reference();
	}
}

char *good_device(unsigned int self, struct target *t)
{
	const struct name *n = &names[below(LOWER_NAMES)];
	const struct disk *disk = &disks[below(nr_disks)];

	t->place = ON_DISK;
	t->index = disk - disks;
	if (self >= LOWER_NAMES && n->exists && one_in(3)) {
		t->place = ON_NAME;
		t->index = n - names;
		return word("%u:%u", major(n->dev), minor(n->dev));
	}
	if (one_in(4))
		return word("%u:%u", major(disk->dev), minor(disk->dev));
	return word("%s", disk->path);
}

static char *strange_device(void)
{
	static const char *const strange[] = {
		"/dev/null", "/tmp",	 "/",	   "/dev/none",
		"nothing",   "259:4242", "0:0",	   "4095:1",
		"1:",	     ":1",	 "-1:0",   "1048576:0",
		"..",	     "%s",	 "/dev//", "/etc/passwd/x"
	};

	return one_in(8) ? long_word() : word("%s", PICK(strange));
}

char *good_option(unsigned int *unit)
{
	switch (below(5)) {
	case 0:
		return word("%s", no_effect[below(nr_no_effect)]);
	case 1:
		*unit = 512 << below(4);
		return word("sector_size:%u", *unit);
	case 2:
		return word("iv_large_sectors");
	case 3:
		return word("hw:%s", choices[below(nr_choices)]);
	default:
		return word("%s",
			    one_in(2) ? "allow_discards" : "ALLOW_DISCARDS");
	}
}

static char *strange_option(void)
{
	static const char *const strange[] = { "integrity:28:aead",
					       "integrity_key_size:32",
					       "sector_size",
					       "sector_size:",
					       "SECTOR_SIZE:4096",
					       "hw:",
					       "hw:AUTO",
					       "hw:require:",
					       "hw",
					       "allow_discards:1",
					       "nonsense",
					       "%s%n" };

	switch (below(6)) {
	case 0:
		return word("sector_size:%s", strange_number());
	case 1:
		return word("hw:%s", long_word());
	case 2:
		return word("sector_size:%s", hex_key(32));
	default:
		return word("%s", PICK(strange));
	}
}

char *any_word(void)
{
	const struct cipher *cipher;
	unsigned int unit;

	switch (below(12)) {
	case 0:
		return good_cipher(&cipher);
	case 1:
		return strange_cipher();
	case 2:
		return hex_key(PICK(((unsigned int[]){ 16, 32, 64 })));
	case 3:
		return strange_key();
	case 4:
		return word("%s", disks[below(nr_disks)].path);
	case 5:
		return strange_device();
	case 6:
		return good_option(&unit);
	case 7:
		return strange_option();
	case 8:
		return long_word();
	case 9:
		return binary();
	default:
		return strange_number();
	}
}

/* What could stand there, but should not. */
char *strange_word(bool linear, unsigned int place)
{
	if (linear)
		return place ? strange_number() : strange_device();
	switch (place) {
	case 0:
		return strange_cipher();
	case 1:
		return strange_key();
	case 3:
		return strange_device();
	case 2:
	case 4:
	case 5: /* A number of options that lies, mostly. */
		return one_in(2) ? strange_number() : word("%u", below(9));
	default:
		return strange_option();
	}
}
