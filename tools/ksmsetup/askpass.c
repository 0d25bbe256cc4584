// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passphrases from a program that asks for them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "askpass.h"
#include "message.h"
#include "signals.h"

/* Becomes the program, with its output at FD. */
static void run(const char *command, const char *question, int fd)
{
	char *line;

	signals_end();
	if (dup2(fd, STDOUT_FILENO) >= 0 &&
	    asprintf(&line, "exec %s \"$1\"", command) > 0)
		execl("/bin/sh", "sh", "-c", line, "sh", question, NULL);
	_exit(127);
}

/* All that comes, which must fit. Returns how much, or a negative errno. */
static int read_all(int fd, char *bytes, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int err;

	do {
		err = signals_wait_for(fd, 0);
		if (err)
			return err;
		n = read(fd, bytes + len, size - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		len += n > 0 ? n : 0;
	} while (n && len < size);
	return len < size ? (int)len : -E2BIG;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECANCELED;
}

/**
 * askpass() - have a passphrase asked for
 * @command: for a shell; the question becomes its last argument
 * @question: with a colon
 * @passphrase: set to what it writes, without a newline at the end
 *
 * Return: 0 or a negative errno, after having said why.
 */
int askpass(const char *command, const char *question,
	    struct secret *passphrase)
{
	int fds[2], len, err;
	pid_t pid;

	err = secret_alloc(passphrase, PASSPHRASE_MAX + 2);
	if (err)
		return err;
	if (pipe2(fds, O_CLOEXEC)) {
		err = errno;
		secret_free(passphrase);
		return say_errno(err, "%s", command);
	}
	fflush(stdout);
	pid = fork();
	if (!pid)
		run(command, question, fds[1]);
	err = pid < 0 ? -errno : 0;
	close(fds[1]);
	len = err ?: read_all(fds[0], passphrase->bytes, passphrase->size);
	close(fds[0]);
	/* Nobody wants its answer any more. */
	if (len == -EINTR)
		kill(pid, SIGTERM);
	err = err ?: wait_for(pid);
	if (len == -EINTR)
		err = len;
	if (!err && len > 0 && passphrase->bytes[len - 1] == '\n')
		len--;
	if (!err && len < 0)
		err = len;
	if (!err) {
		passphrase->size = len;
		return 0;
	}
	secret_free(passphrase);
	if (err == -E2BIG)
		say_error("%s: " PASSPHRASE_TOO_LONG, command, PASSPHRASE_MAX);
	else if (err != -EINTR)
		say_errno(-err, "%s: no passphrase", command);
	return err;
}
