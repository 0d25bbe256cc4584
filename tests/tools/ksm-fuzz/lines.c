// SPDX-License-Identifier: GPL-2.0-only
/* Lines made of words, and damage to both. */
#include <stdio.h>
#include <string.h>

#include "chance.h"
#include "lines.h"
#include "words.h"

void add(struct words *words, char *text)
{
	words->w[words->nr++] = text;
}

static void insert(struct words *words, unsigned int at, char *text)
{
	memmove(&words->w[at + 1], &words->w[at],
		(words->nr++ - at) * sizeof(words->w[0]));
	words->w[at] = text;
}

void damage_words(struct words *words, bool linear)
{
	unsigned int at = below(words->nr), other = below(words->nr);
	char *text;

	switch (below(10)) {
	case 0:
		memmove(&words->w[at], &words->w[at + 1],
			(--words->nr - at) * sizeof(words->w[0]));
		break;
	case 1:
		insert(words, at, words->w[at]);
		break;
	case 2:
		text = words->w[at];
		words->w[at] = words->w[other];
		words->w[other] = text;
		break;
	case 3:
		insert(words, at, any_word());
		break;
	case 4:
		words->w[at] = any_word();
		break;
	default:
		words->w[at] = strange_word(linear, at);
	}
}

void damage_bytes(char *line)
{
	size_t len = strlen(line), at;

	if (!len)
		return;
	at = below(len);
	switch (below(5)) {
	case 0:
		line[at] = '\0';
		break;
	case 1:
		line[at] ^= 1 << below(8);
		break;
	case 2:
		line[at] = " \t\n\\:\xa0"[below(6)];
		break;
	case 3:
		memmove(&line[at], &line[at + 1], len - at);
		break;
	default:
		line[at] = 1 + below(255);
	}
}

void join(const struct words *words, char *line)
{
	char *to = line;
	unsigned int i;

	*line = '\0';
	for (i = 0; i < words->nr; i++) {
		if (to - line + strlen(words->w[i]) + 8 > LINE_MAX)
			return;
		to += sprintf(to, "%s%s", i ? " " : "", words->w[i]);
		if (one_in(40))
			to += sprintf(to, " \t");
	}
}

/* Up to three pieces of damage to half of all lines. */
void write_line(struct words *words, bool linear, char *line)
{
	bool damaged = one_in(2);
	unsigned int n;

	if (damaged)
		for (n = below(4); n && words->nr > 1; n--)
			damage_words(words, linear);
	join(words, line);
	if (damaged && one_in(4))
		damage_bytes(line);
}
