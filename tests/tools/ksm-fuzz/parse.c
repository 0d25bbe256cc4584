// SPDX-License-Identifier: GPL-2.0-only
/* Words and numbers as the kernel reads them. */
#include <ctype.h>
#include <err.h>

#include "parse.h"

/* The kernel's isspace(), whatever the locale. */
bool is_space(char c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || (uint8_t)c == 0xa0;
}

/* Words as device mapper makes them: a backslash takes the next byte as it is. */
unsigned int split(char *line, char **words)
{
	unsigned int n = 0;
	char *out;

	for (;;) {
		while (is_space(*line))
			line++;
		if (!*line)
			return n;
		if (n == MAX_WORDS)
			errx(1, "too many words");
		words[n++] = out = line;
		while (*line && !is_space(*line)) {
			if (*line == '\\' && line[1])
				line++;
			*out++ = *line++;
		}
		if (*line)
			line++;
		*out = '\0';
	}
}

bool number(const char *word, uint64_t max, uint64_t *value)
{
	uint64_t v = 0, digit;
	bool any = false;

	if (*word == '+')
		word++;
	for (; isdigit(*word); word++, any = true) {
		digit = *word - '0';
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	/* As the kernel's functions, which are made for files in sysfs. */
	if (*word == '\n')
		word++;
	*value = v;
	return any && !*word && v <= max;
}
