// SPDX-License-Identifier: GPL-2.0-only
/* What was found and what was done. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "findings.h"
#include "fuzz.h"
#include "keys.h"
#include "klog.h"

#define FLAWS_SHOWN 3 /* of each kind */

static const char *const flaw_names[FLAWS] = {
	[FLAW_ACCEPTED] = "accepted",
	[FLAW_REFUSED] = "refused",
	[FLAW_SILENT] = "silent",
	[FLAW_ERRNO] = "errno",
	[FLAW_TABLE] = "table",
	[FLAW_INFO] = "info",
	[FLAW_STATE] = "state",
	[FLAW_KEY_LOGGED] = "key-logged",
	[FLAW_KEY_SHOWN] = "key-shown",
	[FLAW_DATA] = "data",
	[FLAW_IO] = "io",
	[FLAW_PLAINTEXT] = "plaintext",
	[FLAW_LEFT] = "left",
};

static const char *const stat_names[STATS] = {
	[STAT_KSM_ACCEPTED] = "ksm-accepted",
	[STAT_KSM_REFUSED] = "ksm-refused",
	[STAT_LINEAR_ACCEPTED] = "linear-accepted",
	[STAT_LINEAR_REFUSED] = "linear-refused",
	[STAT_MIXED_ACCEPTED] = "mixed-accepted",
	[STAT_MIXED_REFUSED] = "mixed-refused",
	[STAT_SHOWN_AGAIN] = "shown-and-loaded-again",
	[STAT_MESSAGE_ACCEPTED] = "message-accepted",
	[STAT_MESSAGE_REFUSED] = "message-refused",
	[STAT_RESUME_ACCEPTED] = "resume-accepted",
	[STAT_RESUME_REFUSED] = "resume-refused",
	[STAT_SUSPEND] = "suspend",
	[STAT_REMOVE_ACCEPTED] = "remove-accepted",
	[STAT_REMOVE_REFUSED] = "remove-refused",
	[STAT_QUERIES] = "queries",
	[STAT_STRANGE_CALLS] = "strange-calls",
	[STAT_IO] = "io",
	[STAT_IO_FAILED] = "io-failed",
	[STAT_IO_ENGINE] = "io-engine",
	[STAT_FAULTS] = "engine-faults",
};

unsigned long stats[STATS];
unsigned long steps, given;
static unsigned long flaws[FLAWS];
static bool history_shown;

/* The last steps, for who has to understand a flaw. */
#define HISTORY	     24
#define HISTORY_TEXT 420
static char history[HISTORY][HISTORY_TEXT];

/* Printable, whatever it is: the output is read as lines of text. */
static void printable(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && n + 5 < size; from++) {
		if (*from >= ' ' && *from < 127)
			to[n++] = *from;
		else
			n += sprintf(to + n, "\\x%02x", (uint8_t)*from);
	}
	to[n] = '\0';
}

void step(const char *fmt, ...)
{
	static char text[LINE_MAX];
	char *slot = history[++steps % HISTORY];
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = snprintf(slot, HISTORY_TEXT, "%lu: ", steps);
	printable(slot + n, HISTORY_TEXT - n, text);
}

static void show_history(void)
{
	unsigned long i;

	for (i = steps < HISTORY ? 1 : steps - HISTORY + 1; i <= steps; i++)
		printf("!   %s\n", history[i % HISTORY]);
}

void flawed(enum flaw flaw, const char *fmt, ...)
{
	static char text[2048], shown[2048];
	char *line, *end;
	va_list ap;

	if (++flaws[flaw] > FLAWS_SHOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printable(shown, sizeof(shown), text);
	printf("! %s, step %lu: %s\n", flaw_names[flaw], steps, shown);
	if (history_shown)
		printf("!   %s\n", history[steps % HISTORY]);
	else
		show_history();
	history_shown = true;
	for (line = klog; *line; line = end + 1) {
		end = strchrnul(line, '\n');
		printf("!   log: %.*s\n", (int)(end - line), line);
		if (!*end)
			break;
	}
	fflush(stdout);
}

/* What came since the last time is what this step has caused. */
void look(void)
{
	read_log();
	if (leaks(klog))
		flawed(FLAW_KEY_LOGGED, "a key is in the kernel's log");
}

void report_findings(void)
{
	unsigned int i;

	for (i = 0; i < FLAWS; i++)
		printf("flaw %s %lu\n", flaw_names[i], flaws[i]);
	printf("stat steps %lu\n", steps);
	printf("stat given %lu\n", given);
	for (i = 0; i < STATS; i++)
		printf("stat %s %lu\n", stat_names[i], stats[i]);
}
