// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksmtab(5). The form is that of crypttab(5). Options of a line are those of "ksmsetup
 * open" without their dashes; crypttab's own names for some are known as well.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "tab.h"

#define NAME_CHARACTERS              \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789#+-.:=@_"

/* Those of crypttab that are ours by another name; NULL is one that says nothing new. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{ "luks", NULL },
	{ "auto", NULL },
	{ "same-cpu-crypt", NULL },
	{ "submit-from-crypt-cpus", NULL },
	{ "no-read-workqueue", NULL },
	{ "no-write-workqueue", NULL },
	{ "plain", "type=plain" },
	{ "discard", "allow-discards" },
	{ "read-only", "readonly" },
	{ "keyslot", "key-slot" },
	{ "size", "key-size" },
};

struct flag {
	const char *name;
	size_t at;
};

#define FLAG(name, field)                               \
	{                                               \
		name, offsetof(struct tab_entry, field) \
	}
static const struct flag flags[] = {
	FLAG("noauto", noauto),	 FLAG("nofail", nofail),
	FLAG("_netdev", netdev), FLAG("initramfs", initramfs),
	FLAG("swap", swap),	 FLAG("x-initrd.attach", initramfs),
};

static bool set_flag(struct tab_entry *e, const char *word)
{
	static const char timeout[] = "x-systemd.device-timeout=";
	size_t i;

	if (!strncmp(word, timeout, strlen(timeout)))
		e->device_timeout = word + strlen(timeout);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (!strcmp(word, flags[i].name)) {
			*(bool *)((char *)e + flags[i].at) = true;
			return true;
		}
	/* fstab's way to say what is not for who reads it. */
	return !strncmp(word, "x-", 2);
}

/* Writes "--NAME[=VALUE]" of WORD to TO. Returns what is behind it, or TO if there is nothing. */
static char *long_option(char *to, const char *word)
{
	const size_t len = strcspn(word, "=");
	size_t i;

	for (i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++)
		if (strlen(synonyms[i].theirs) == len &&
		    !strncmp(word, synonyms[i].theirs, len)) {
			if (!synonyms[i].ours)
				return to;
			return to +
			       sprintf(to, "--%s%s", synonyms[i].ours,
				       word + len) +
			       1;
		}
	return to + sprintf(to, "--%s", word) + 1;
}

/* crypttab's "size" of plain volumes is in bits, too; only names differ. */
static int parse_options(struct tab_entry *e, char *text, const char *where)
{
	char *argv[TAB_OPTIONS_MAX + 2] = { (char *)where }, *to = e->words,
				     *behind, *word;
	char **words;
	int argc = 1, ret;

	while (text && (word = strsep(&text, ","))) {
		if (!*word || set_flag(e, word))
			continue;
		behind = long_option(to, word);
		if (behind == to)
			continue;
		if (argc > TAB_OPTIONS_MAX) {
			say_error("%s: more than %d options", where,
				  TAB_OPTIONS_MAX);
			return -EINVAL;
		}
		argv[argc++] = to;
		to = behind;
	}
	message_about = where;
	ret = options_parse(&e->options, argc, argv, &words) ?:
		      options_only(&e->options, OPTIONS_OF_VOLUMES, "ksmtab");
	message_about = NULL;
	if (ret > 0)
		say_error("%s: %s: not an option", where, words[0]);
	return ret > 0 ? -EINVAL : ret;
}

/* As udev names its links. */
static int tag_path(const char *dir, const char *value, char *path, size_t size)
{
	size_t len = snprintf(path, size, "/dev/disk/%s/", dir);

	for (; *value; value++) {
		const bool plain = isalnum((unsigned char)*value) ||
				   *value & 0x80 || strchr("#+-.:=@_", *value);

		if (len + 5 > size)
			return -ENAMETOOLONG;
		len += sprintf(path + len, plain ? "%c" : "\\x%02x",
			       (unsigned char)*value);
	}
	return 0;
}

static int find_path(struct tab_entry *e, const char *where)
{
	static const struct {
		const char *tag, *dir;
	} tags[] = {
		{ "UUID=", "by-uuid" },
		{ "PARTUUID=", "by-partuuid" },
		{ "LABEL=", "by-label" },
		{ "PARTLABEL=", "by-partlabel" },
	};
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		const size_t len = strlen(tags[i].tag);

		if (strncmp(e->device, tags[i].tag, len))
			continue;
		if (!tag_path(tags[i].dir, e->device + len, e->path,
			      sizeof(e->path)))
			return 0;
		say_error("%s: what follows %s is too long", where,
			  tags[i].tag);
		return -EINVAL;
	}
	if (*e->device == '/') {
		snprintf(e->path, sizeof(e->path), "%s", e->device);
		return 0;
	}
	say_error(
		"%s: %s: neither a path nor UUID=, PARTUUID=, LABEL=, PARTLABEL=",
		where, e->device);
	return -EINVAL;
}

static int parse_line(struct tab_entry *e, const char *where)
{
	static const char blank[] = " \t\r\n";
	const char *key, *options;
	char *at;

	e->name = strtok_r(e->text, blank, &at);
	e->device = strtok_r(NULL, blank, &at);
	key = strtok_r(NULL, blank, &at);
	options = strtok_r(NULL, blank, &at);
	if (!e->device) {
		say_error("%s: a line is NAME DEVICE [KEY-FILE|none [OPTIONS]]",
			  where);
		return -EINVAL;
	}
	/* Others have another name in /dev/mapper, where units and scripts would look in vain. */
	if (e->name[strspn(e->name, NAME_CHARACTERS)]) {
		say_error(
			"%s: %s: a name may have letters, digits and #+-.:=@_ only",
			where, e->name);
		return -EINVAL;
	}
	if (strtok_r(NULL, blank, &at)) {
		say_error("%s: something stands behind the options", where);
		return -EINVAL;
	}
	if (find_path(e, where) || parse_options(e, (char *)options, where))
		return -EINVAL;
	if (key && strcmp(key, "none") && strcmp(key, "-"))
		e->options.key_file = key;
	return 0;
}

/**
 * tab_next() - read the next entry
 * @file: at the beginning of a line
 * @path: of @file, for what is said of it
 * @line: of @file, which is counted; 0 at first
 * @entry: set
 *
 * Return: 1; 0 at the end; or a negative errno for a line that is wrong, after having said
 *	why. The lines after it can be read.
 */
int tab_next(FILE *file, const char *path, int *line, struct tab_entry *e)
{
	char where[PATH_MAX + 16];
	size_t len;
	int c;

	for (;;) {
		memset(e, 0, sizeof(*e));
		if (!fgets(e->text, sizeof(e->text), file))
			return ferror(file) ? say_errno(EIO, "%s", path) : 0;
		e->line = ++*line;
		snprintf(where, sizeof(where), "%s:%d", path, *line);
		len = strlen(e->text);
		if (len == sizeof(e->text) - 1 && e->text[len - 1] != '\n') {
			while ((c = fgetc(file)) != EOF && c != '\n')
				;
			say_error("%s: a line is longer than %zu bytes", where,
				  len - 1);
			return -EINVAL;
		}
		len = strspn(e->text, " \t\r\n");
		if (e->text[len] && e->text[len] != '#')
			return parse_line(e, where) ?: 1;
	}
}

/**
 * tab_find() - the entry of a mapping
 * @path: of the file
 * @name: of the mapping
 * @entry: set
 *
 * Return: 0; -ENOENT, after having said so, if there is none; or a negative errno.
 */
int tab_find(const char *path, const char *name, struct tab_entry *entry)
{
	FILE *file = fopen(path, "re");
	int line = 0, ret;

	if (!file)
		return say_errno(errno, "%s", path);
	/* What is wrong with other lines has been said; it does not keep this one closed. */
	do {
		ret = tab_next(file, path, &line, entry);
	} while (ret && ret != -EIO &&
		 (!entry->name || strcmp(entry->name, name)));
	fclose(file);
	if (ret > 0)
		return 0;
	if (!ret) {
		say_error("%s: has no line for %s", path, name);
		ret = -ENOENT;
	}
	return ret;
}
