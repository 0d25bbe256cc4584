// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the user is told, and the exit codes.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

bool message_verbose, message_quiet;
const char *message_about;

/* What is complained about, until it is written. */
static char text[4 * PATH_MAX];
static size_t len;
static bool held;
static char note[256];

/*
 * exit_code_of() - ERR is 0 or a negative errno. Others than these are wrong parameters. To
 * cryptsetup, a wrong passphrase, our -EKEYREJECTED, is the same as no permission.
 */
enum exit_code exit_code_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EPERM:
	case -EKEYREJECTED:
		return EXIT_NO_PERMISSION;
	case -ENOMEM:
		return EXIT_NO_MEMORY;
	case -EEXIST:
	case -EBUSY:
		return EXIT_BUSY;
	case -ENODEV:
	case -ENOTBLK:
		return EXIT_WRONG_DEVICE;
	default:
		return EXIT_WRONG_PARAMETERS;
	}
}

void say(const char *format, ...)
{
	va_list args;

	if (message_quiet)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void say_verbosely(const char *format, ...)
{
	va_list args;

	if (!message_verbose)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void add_args(const char *format, va_list args)
{
	const size_t room = sizeof(text) - len;
	int size = vsnprintf(text + len, room, format, args);

	if (size > 0)
		len += (size_t)size < room ? (size_t)size : room - 1;
}

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_args(format, args);
	va_end(args);
}

static void complain(const char *format, va_list args)
{
	add("ksmsetup: ");
	if (message_about)
		add("%s: ", message_about);
	add_args(format, args);
}

static void write_out(void)
{
	if (!len || held)
		return;
	fflush(stdout);
	fputs(text, stderr);
	len = 0;
}

static void put(void)
{
	add("\n");
	write_out();
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	put();
}

/* Returns -ERR. */
int say_errno(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	add(": %s", strerror(err));
	put();
	return -err;
}

/* message_note() - what a library says of an error, for the next say_noted() */
void message_note(const char *words)
{
	snprintf(note, sizeof(note), "%.*s", (int)strcspn(words, "\n"), words);
}

/* As say_errno(), with what the library said. */
int say_noted(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	add(": %s", strerror(err));
	if (*note)
		add(" (%s)", note);
	*note = 0;
	put();
	return -err;
}

/* message_hold() - what is complained about is kept: whoever reads it may have to wait for us. */
void message_hold(void)
{
	held = true;
}

void message_release(void)
{
	held = false;
	write_out();
}
