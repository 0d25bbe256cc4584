// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksmsetup - mappings of encrypted volumes by the device-mapper target ksm
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libcryptsetup.h>

#include "attach.h"
#include "benchmark.h"
#include "convert.h"
#include "dm.h"
#include "mapping.h"
#include "memory.h"
#include "message.h"
#include "options.h"
#include "probe.h"
#include "signals.h"
#include "status.h"

/**
 * struct command - one of them
 * @name: the first word
 * @words: that follow
 * @help: what it does
 * @options: that it has besides those that all have
 * @min: of @words
 * @max: likewise
 * @name_at: which of them is the name of a mapping, or -1
 * @run: returns 0 or a negative errno, after having said why
 */
static const struct command {
	const char *name, *words, *help, *options;
	int min, max, name_at;
	int (*run)(const struct options *options, char **words);
} commands[] = {
	{ "open", "DEVICE NAME",
	  "make the mapping NAME of the volume on DEVICE",
	  OPTIONS_OF_VOLUMES " test-passphrase", 1, 2, 1, mapping_open },
	{ "close", "NAME", "remove it", "deferred", 1, 1, 0, mapping_close },
	{ "status", "NAME",
	  "what it is, which way its data takes, and counters (--json)", "json",
	  1, 1, 0, mapping_status },
	{ "suspend", "NAME", "have its I/O wait, and forget its key", "", 1, 1,
	  0, mapping_suspend },
	{ "resume", "NAME [DEVICE]", "unlock it again, and go on",
	  OPTIONS_OF_UNLOCKING, 1, 2, 0, mapping_resume },
	{ "probe", "DEVICE",
	  "what an encryption engine under it can do; status 0 if anything", "",
	  1, 1, -1, device_probe },
	{ "attach", "NAME", "open what ksmtab(5) has by this name",
	  "tab askpass", 1, 1, 0, tab_attach },
	{ "detach", "NAME", "close it, if it is there", "deferred", 1, 1, 0,
	  tab_detach },
	{ "benchmark", "[DEVICE]",
	  "how fast the processor is, and an engine under DEVICE", "", 0, 1, -1,
	  run_benchmark },
	{ "convert", "NAME [DEVICE]",
	  "from dm-crypt to ksm, or --back, while it is in use",
	  OPTIONS_OF_UNLOCKING " " OPTIONS_OF_PLAIN " hw back", 1, 2, 0,
	  mapping_convert },
};

static int usage(enum exit_code code)
{
	size_t i;

	printf("ksmsetup COMMAND WORDS... [OPTIONS]\n");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		printf("  %-9s %-14s %s\n", commands[i].name, commands[i].words,
		       commands[i].help);
	printf("See ksmsetup(8).\n");
	return code;
}

/* What it says of errors is part of what we say, or for the curious, as the rest. */
static void log_of_libcryptsetup(int level, const char *text, void *unused)
{
	const int len = strcspn(text, "\n");

	(void)unused;
	if (level == CRYPT_LOG_ERROR)
		message_note(text);
	if (level == CRYPT_LOG_ERROR && message_verbose)
		say_error("libcryptsetup: %.*s", len, text);
	else
		say_verbosely("libcryptsetup: %.*s", len, text);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	say_error("%s: not a command", name);
	return NULL;
}

static int check(const struct command *command, const struct options *options,
		 int count, char **words)
{
	int min = command->min;

	/* Nothing is made that would have a name. */
	if (command->run == mapping_open && !options->test_passphrase)
		min++;
	if (count < min || count > command->max) {
		say_error("%s: wants %s", command->name, command->words);
		return -EINVAL;
	}
	if (command->name_at >= 0 && command->name_at < count &&
	    dm_check_name(words[command->name_at]))
		return -EINVAL;
	return options_only(options, command->options, command->name);
}

static int run(const struct command *command, const struct options *options,
	       int count, char **words)
{
	int err = check(command, options, count, words);

	if (err)
		return exit_code_of(err);
	memory_keep_private();
	signals_begin();
	crypt_set_log_callback(NULL, log_of_libcryptsetup, NULL);
	dm_begin();
	err = command->run(options, words);
	signals_end();
	return exit_code_of(err);
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options options;
	char **words;
	int count;

	count = options_parse(&options, argc, argv, &words);
	if (count < 0)
		return EXIT_WRONG_PARAMETERS;
	if (options.version) {
		puts("ksmsetup " VERSION);
		return EXIT_OK;
	}
	if (!count || options.help)
		return usage(options.help ? EXIT_OK : EXIT_WRONG_PARAMETERS);
	message_quiet = options.quiet;
	message_verbose = options.verbose;
	command = find_command(words[0]);
	if (!command)
		return usage(EXIT_WRONG_PARAMETERS);
	return run(command, &options, count - 1, words + 1);
}
