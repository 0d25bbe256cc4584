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

#include "message.h"
#include "table.h"

/* table_make() - LINE->params is the caller's to be freed. */
int table_make(const struct volume *v, const char *key, const char *hw,
	       struct dm_line *line)
{
	char sector_size[32] = "", options[128], number[8] = "";
	int count = 0;

	if (v->sector_size != 512)
		snprintf(sector_size, sizeof(sector_size), " sector_size:%d",
			 v->sector_size);
	snprintf(options, sizeof(options), "%s%s%s%s%s",
		 v->allow_discards ? " allow_discards" : "", sector_size,
		 v->iv_large_sectors ? " iv_large_sectors" : "",
		 hw ? " hw:" : "", hw ?: "");
	count = v->allow_discards + !!*sector_size + v->iv_large_sectors + !!hw;
	if (count)
		snprintf(number, sizeof(number), " %d", count);
	line->start = 0;
	line->length = v->sectors;
	if (asprintf(&line->params, "%s %s %llu %s %llu%s%s", v->cipher, key,
		     (unsigned long long)v->iv_offset, v->number,
		     (unsigned long long)v->offset, number, options) < 0) {
		line->params = NULL;
		return say_errno(ENOMEM, "a table");
	}
	return 0;
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
