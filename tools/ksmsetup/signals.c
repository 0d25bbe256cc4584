// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals. There are no handlers: a signal stays pending until signals_end(), so that none
 * can come between a test and the wait after it, and the program's parent sees what ended it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "signals.h"

static sigset_t ending, at_begin;
static int signal_fd = -1;

/* signals_begin() - from here on, those that would end the program wait. */
void signals_begin(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGPIPE };
	struct sigaction action;
	size_t i;

	sigemptyset(&ending);
	sigprocmask(SIG_BLOCK, NULL, &at_begin);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		/* The others would not end it: nohup, a shell's background. */
		if (!sigismember(&at_begin, numbers[i]) &&
		    !sigaction(numbers[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&ending, numbers[i]);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	signal_fd = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* signals_end() - does not return if one has come; also for a child. */
void signals_end(void)
{
	sigprocmask(SIG_SETMASK, &at_begin, NULL);
}

/* signals_keep() - after signals_end(), they wait again. */
void signals_keep(void)
{
	sigprocmask(SIG_BLOCK, &ending, NULL);
}

/* signals_check() - -EINTR if one has come. */
int signals_check(void)
{
	sigset_t pending;

	sigpending(&pending);
	sigandset(&pending, &pending, &ending);
	return sigisemptyset(&pending) ? 0 : -EINTR;
}

/**
 * signals_wait_for() - for something to be read
 * @fd: there
 * @timeout: in seconds, 0 for ever
 *
 * Return: 0; -EINTR if a signal has come, -ETIMEDOUT, or another negative errno.
 */
int signals_wait_for(int fd, int timeout)
{
	struct pollfd wait[] = { { .fd = fd, .events = POLLIN },
				 { .fd = signal_fd, .events = POLLIN } };
	int ready;

	do {
		ready = poll(wait, 2, timeout ? timeout * 1000 : -1);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (!ready)
		return -ETIMEDOUT;
	return wait[1].revents ? -EINTR : 0;
}

/* without_signals() - nor may anybody stop it (Ctrl-Z), while others depend on it. */
void without_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, before);
}

void with_signals(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}
