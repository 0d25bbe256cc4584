// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ksmsetup parses itself (ksmtab, options, lines of the kernel's, the JSON of headers), for libFuzzer: the
 * first byte says which. Not part of the program; tests/fuzz-tools builds it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "luks.h"
#include "message.h"
#include "options.h"
#include "path.h"
#include "tab.h"
#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What is said of it goes nowhere. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	message_quiet = true;
	opterr = 0;
	return 0;
}

static void parse_tab(char *text, size_t size)
{
	static struct tab_entry entry;
	FILE *file = fmemopen(text, size, "r");
	int line = 0, ret;

	if (!file)
		return;
	do {
		ret = tab_next(file, "fuzz", &line, &entry);
		/* A path that were too long would go on in what follows it there. */
		if (ret > 0 && (!*entry.name || !*entry.path ||
				!memchr(entry.path, 0, sizeof(entry.path))))
			abort();
	} while (ret && ret != -5);
	fclose(file);
}

static void parse_options(char *text)
{
	struct options options;
	char *argv[64] = { "fuzz" }, **words;
	int argc = 1;

	while (text && argc < 63)
		argv[argc++] = strsep(&text, "\n");
	if (options_parse(&options, argc, argv, &words) >= 0 &&
	    (!options.type || !options.hw || options.sector_size < 512 ||
	     options.sector_size & (options.sector_size - 1)))
		abort();
}

static void parse_lines(const char *text)
{
	const char *second = strchr(text, '\n');
	struct status status;
	struct table table;

	if (!table_parse(&table, text)) {
		table_option(&table, "sector_size");
		if (second && !status_parse(&status, second + 1) &&
		    !path_explain(&status, &table))
			abort();
	}
	if (!status_parse(&status, text) && status.count > 24)
		abort();
}

static void parse_header(const char *text)
{
	struct volume volume = {
		.uuid = "12345678-1234-1234-1234-123456789abc"
	};
	uint64_t sectors = 0;

	if (!luks_parse(&volume, text, &sectors) &&
	    !memchr(volume.key_name, 0, sizeof(volume.key_name)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	switch (*data % 4) {
	case 0:
		parse_tab(text, size - 1);
		break;
	case 1:
		parse_options(text);
		break;
	case 2:
		parse_lines(text);
		break;
	default:
		parse_header(text);
	}
	free(text);
	return 0;
}
