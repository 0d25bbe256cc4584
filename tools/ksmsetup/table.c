// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and status lines. What is parsed was written by the kernel, and is
 * not trusted to be what is expected.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libcryptsetup.h>

#include "message.h"
#include "table.h"

/* Flags of the header that have words in a table; no other than the first matters to ksm. */
static const struct {
	uint32_t flag;
	const char *word;
} flag_words[] = {
	{ CRYPT_ACTIVATE_ALLOW_DISCARDS, "allow_discards" },
	{ CRYPT_ACTIVATE_SAME_CPU_CRYPT, "same_cpu_crypt" },
	{ CRYPT_ACTIVATE_SUBMIT_FROM_CRYPT_CPUS, "submit_from_crypt_cpus" },
	{ CRYPT_ACTIVATE_NO_READ_WORKQUEUE, "no_read_workqueue" },
	{ CRYPT_ACTIVATE_NO_WRITE_WORKQUEUE, "no_write_workqueue" },
#ifdef CRYPT_ACTIVATE_HIGH_PRIORITY
	{ CRYPT_ACTIVATE_HIGH_PRIORITY, "high_priority" },
#endif
};

/* Writes the options, with their number; nothing if there are none. */
static void put_options(FILE *f, const struct volume *v, const char *hw)
{
	int count = v->iv_large_sectors + (v->sector_size != 512) + !!hw;
	size_t i;

	for (i = 0; i < sizeof(flag_words) / sizeof(*flag_words); i++)
		count += !!(v->flags & flag_words[i].flag);
	if (!count)
		return;
	fprintf(f, " %d", count);
	for (i = 0; i < sizeof(flag_words) / sizeof(*flag_words); i++)
		if (v->flags & flag_words[i].flag)
			fprintf(f, " %s", flag_words[i].word);
	if (v->sector_size != 512)
		fprintf(f, " sector_size:%d", v->sector_size);
	if (v->iv_large_sectors)
		fputs(" iv_large_sectors", f);
	if (hw)
		fprintf(f, " hw:%s", hw);
}

/* table_make() - LINE->params is the caller's to be freed. */
int table_make(const struct volume *v, const char *key, const char *hw,
	       struct dm_line *line)
{
	size_t size;
	FILE *f = open_memstream(&line->params, &size);

	line->start = 0;
	line->length = v->sectors;
	if (f) {
		fprintf(f, "%s %s %llu %s %llu", v->cipher, key,
			(unsigned long long)v->iv_offset, v->number,
			(unsigned long long)v->offset);
		put_options(f, v, hw);
	}
	if (f && !fclose(f))
		return 0;
	if (f)
		free(line->params);
	line->params = NULL;
	return say_errno(ENOMEM, "a table");
}

static bool to_number(const char *word, uint64_t *value)
{
	char *end;

	if (!word)
		return false;
	errno = 0;
	*value = strtoull(word, &end, 10);
	return !errno && end != word && !*end;
}

/* table_parse() - of ksm or crypt: -EINVAL, said nothing, if it is none. */
int table_parse(struct table *t, const char *params)
{
	char *at = t->text, *word;
	uint64_t count = 0;

	memset(t, 0, sizeof(*t));
	if (strlen(params) >= sizeof(t->text))
		return -EINVAL;
	strcpy(t->text, params);
	t->cipher = strsep(&at, " ");
	t->key = strsep(&at, " ");
	if (!to_number(strsep(&at, " "), &t->iv_offset))
		return -EINVAL;
	t->device = strsep(&at, " ");
	if (!t->device || !to_number(strsep(&at, " "), &t->offset))
		return -EINVAL;
	word = strsep(&at, " ");
	if (word && *word && !to_number(word, &count))
		return -EINVAL;
	while ((word = strsep(&at, " ")))
		if (*word) {
			if (t->option_count ==
			    sizeof(t->options) / sizeof(*t->options))
				return -EINVAL;
			t->options[t->option_count++] = word;
		}
	return (uint64_t)t->option_count == count ? 0 : -EINVAL;
}

/* table_option() - what follows "NAME:", or "" after a NAME; NULL if there is none. */
const char *table_option(const struct table *t, const char *name)
{
	const size_t len = strlen(name);
	int i;

	for (i = 0; i < t->option_count; i++)
		if (!strncmp(t->options[i], name, len)) {
			if (!t->options[i][len])
				return "";
			if (t->options[i][len] == ':')
				return t->options[i] + len + 1;
		}
	return NULL;
}

static int parse_field(struct status *s, char *word)
{
	char *value = strchr(word, ':');

	if (!value)
		return -EINVAL;
	*value++ = 0;
	if (!strcmp(word, "key")) {
		s->key_set = !strcmp(value, "set");
	} else if (!strcmp(word, "hw")) {
		s->why = value;
	} else {
		if (s->count == sizeof(s->names) / sizeof(*s->names) ||
		    !to_number(value, &s->values[s->count]))
			return -EINVAL;
		s->names[s->count++] = word;
	}
	return 0;
}

/* status_parse() - as table_parse() */
int status_parse(struct status *s, const char *params)
{
	char *at = s->text, *word;

	memset(s, 0, sizeof(*s));
	if (strlen(params) >= sizeof(s->text))
		return -EINVAL;
	strcpy(s->text, params);
	s->path = strsep(&at, " ");
	s->engine = strsep(&at, " ");
	while ((word = strsep(&at, " ")))
		if (*word && parse_field(s, word))
			return -EINVAL;
	return s->engine && s->why ? 0 : -EINVAL;
}
