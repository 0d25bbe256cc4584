// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the user is told, and the exit codes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

bool message_verbose, message_quiet;
const char *message_about;

/* exit_code_of() - ERR is 0 or a negative errno. */
enum exit_code exit_code_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_OK;
	case -EPERM:
	case -EACCES:
	case -EKEYREJECTED:
	case -ENOKEY:
		return EXIT_NO_PERMISSION;
	case -ENOMEM:
		return EXIT_NO_MEMORY;
	case -EEXIST:
	case -EBUSY:
		return EXIT_BUSY;
	case -ENODEV:
	case -ENOTBLK:
	case -ENOENT:
	case -ENXIO:
	case -EIO:
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

static void complain(const char *format, va_list args)
{
	fflush(stdout);
	fputs("ksmsetup: ", stderr);
	if (message_about)
		fprintf(stderr, "%s: ", message_about);
	vfprintf(stderr, format, args);
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* Returns -ERR. */
int say_errno(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	return -err;
}
