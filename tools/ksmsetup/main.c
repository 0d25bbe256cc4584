// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksmsetup - mappings of encrypted volumes by the device-mapper target ksm
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <libcryptsetup.h>

#include "attach.h"
#include "benchmark.h"
#include "convert.h"
#include "dm.h"
#include "mapping.h"
#include "message.h"
#include "options.h"
#include "probe.h"
#include "status.h"

static const struct command {
	const char *name, *words, *help;
	int min, max;
	int (*run)(const struct options *options, char **words);
} commands[] = {
	{ "open", "DEVICE NAME",
	  "make the mapping NAME of the volume on DEVICE", 1, 2, mapping_open },
	{ "close", "NAME", "remove it", 1, 1, mapping_close },
	{ "status", "NAME",
	  "what it is, which way its data takes, and counters (--json)", 1, 1,
	  mapping_status },
	{ "suspend", "NAME", "have its I/O wait, and forget its key", 1, 1,
	  mapping_suspend },
	{ "resume", "NAME [DEVICE]", "unlock it again, and go on", 1, 2,
	  mapping_resume },
	{ "probe", "DEVICE",
	  "what an encryption engine under it can do; status 0 if anything", 1,
	  1, device_probe },
	{ "attach", "NAME", "open what ksmtab(5) has by this name", 1, 1,
	  tab_attach },
	{ "detach", "NAME", "close it, if it is there", 1, 1, tab_detach },
	{ "benchmark", "[DEVICE]",
	  "how fast the processor is, and an engine under DEVICE", 0, 1,
	  run_benchmark },
	{ "convert", "NAME [DEVICE]",
	  "from dm-crypt to ksm, or --back, while it is in use", 1, 2,
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

/* Keys lie in memory that libcryptsetup locks; they are in no core dump, either. */
static void keep_memory(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* What it says of errors is often said by us, with what to do; the rest is for the curious. */
static void log_of_libcryptsetup(int level, const char *text, void *unused)
{
	(void)level;
	(void)unused;
	say_verbosely("libcryptsetup: %.*s", (int)strcspn(text, "\n"), text);
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

static int run(const struct command *command, const struct options *options,
	       int count, char **words)
{
	int min = command->min;

	/* Nothing is made that would have a name. */
	if (command->run == mapping_open && !options->test_passphrase)
		min++;
	if (count < min || count > command->max) {
		say_error("%s: wants %s", command->name, command->words);
		return EXIT_WRONG_PARAMETERS;
	}
	keep_memory();
	crypt_set_log_callback(NULL, log_of_libcryptsetup, NULL);
	dm_begin();
	return exit_code_of(command->run(options, words));
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
