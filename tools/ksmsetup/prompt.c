// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passphrases. All functions return 0 or a negative errno, and have said why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <libcryptsetup.h>

#include "askpass.h"
#include "message.h"
#include "prompt.h"

static volatile sig_atomic_t stopped_by;

static void stop(int number)
{
	stopped_by = number;
}

/* prompt_possible() - there is somebody to be asked, here or by a program. */
bool prompt_possible(const struct options *o)
{
	return o->askpass || isatty(STDIN_FILENO);
}

/* Reads up to the end of the line. Returns how much, or a negative errno. */
static int read_line(int fd, int timeout, char *line, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;
	int ready;

	for (;;) {
		if (stopped_by)
			return -EINTR;
		ready = poll(&wait, 1, timeout ? timeout * 1000 : -1);
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready < 0)
			continue;
		if (!ready)
			return -ETIMEDOUT;
		n = read(fd, line + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n || line[len] == '\n')
			return len;
		if (++len == size)
			return -E2BIG;
	}
}

static int ask(int fd, const char *question, int timeout, struct secret *line)
{
	struct termios before, quiet;
	int len;

	if (tcgetattr(fd, &before))
		return -errno;
	quiet = before;
	quiet.c_lflag &= ~(ECHO | ECHOE | ECHOK | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s", question);
	len = read_line(fd, timeout, line->bytes, line->size);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &before);
	return len;
}

/* A signal that ends the program first has the terminal put right. */
static int ask_terminal(const char *question, int timeout,
			struct secret *passphrase)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = stop }, before[4];
	int fd, len, err, i;

	err = secret_alloc(passphrase, PASSPHRASE_MAX + 1);
	if (err)
		return err;
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = dup(STDIN_FILENO);
	for (i = 0; i < 4; i++)
		sigaction(numbers[i], &action, &before[i]);
	len = ask(fd, question, timeout, passphrase);
	for (i = 0; i < 4; i++)
		sigaction(numbers[i], &before[i], NULL);
	close(fd);
	if (len >= 0) {
		passphrase->size = len;
		return 0;
	}
	secret_free(passphrase);
	if (stopped_by)
		raise(stopped_by);
	if (len == -E2BIG)
		say_error(
			"the passphrase is longer than %d characters; use --key-file",
			PASSPHRASE_MAX);
	else
		say_errno(-len, "reading a passphrase");
	return len;
}

/* prompt() - ask, without an echo, as the options say. */
int prompt(const struct options *o, const char *question,
	   struct secret *passphrase)
{
	if (o->askpass)
		return askpass(o->askpass, question, passphrase);
	return ask_terminal(question, o->timeout, passphrase);
}

static int read_file(const char *path, uint64_t offset, size_t size,
		     uint32_t flags, struct secret *key)
{
	int err;

	/* libcryptsetup's error would be EINVAL. */
	if (path && access(path, R_OK))
		return say_errno(errno, "%s", path);
	err = crypt_keyfile_device_read(NULL, path, &key->bytes, &key->size,
					offset, size, flags);
	if (err)
		return say_errno(-err, "%s", path ?: "the standard input");
	return 0;
}

/* read_line_of_stdin() - which is no terminal: all of it up to a newline. */
int read_line_of_stdin(struct secret *passphrase)
{
	return read_file(NULL, 0, 0, CRYPT_KEYFILE_STOP_EOL, passphrase);
}

/* read_key_file() - as the options say; SIZE bytes of it, or 0 for all. */
int read_key_file(const struct options *options, size_t size,
		  struct secret *key)
{
	const char *path = options->key_file;

	if (!strcmp(path, "-"))
		path = NULL;
	if (options->keyfile_size)
		size = options->keyfile_size;
	return read_file(path, options->keyfile_offset, size, 0, key);
}
