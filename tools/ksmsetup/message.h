/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user is told, and the exit codes, which are cryptsetup's.
 */
#ifndef KSMSETUP_MESSAGE_H
#define KSMSETUP_MESSAGE_H

#include <stdbool.h>

/* cryptsetup(8), RETURN CODES; which error is which is cryptsetup's, too */
enum exit_code {
	EXIT_OK = 0,
	EXIT_WRONG_PARAMETERS = 1,
	EXIT_NO_PERMISSION = 2,
	EXIT_NO_MEMORY = 3,
	EXIT_WRONG_DEVICE = 4,
	EXIT_BUSY = 5,
};

enum exit_code exit_code_of(int err);

/* -v: what is done; -q: no questions and no answers that are no errors */
extern bool message_verbose, message_quiet;
/* Where what is complained about stands, or NULL. */
extern const char *message_about;

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_verbosely(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int say_errno(int err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void message_note(const char *words);
int say_noted(int err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void message_hold(void);
void message_release(void);

#endif /* KSMSETUP_MESSAGE_H */
