// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passphrases. All functions return 0 or a negative errno, and have said why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <libcryptsetup.h>

#include "askpass.h"
#include "message.h"
#include "prompt.h"
#include "signals.h"

/* prompt_possible() - there is somebody to be asked, here or by a program. */
bool prompt_possible(const struct options *o)
{
	if (o->key_file && strcmp(o->key_file, "-"))
		return false;
	return isatty(STDIN_FILENO) || (o->askpass && !o->key_file);
}

/* Reads up to the end of the line. Returns how much, or a negative errno. */
static int read_line(int fd, int timeout, char *line, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int err;

	for (;;) {
		err = signals_wait_for(fd, timeout);
		if (err)
			return err;
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

/* Who gave us a terminal to read from may have opened it for nothing else. */
static int where_to_ask(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY ? STDERR_FILENO :
							       fd;
}

static int ask(int fd, const char *question, int timeout, struct secret *line)
{
	const int to = where_to_ask(fd);
	struct termios before, quiet;
	int len;

	if (tcgetattr(fd, &before))
		return -errno;
	quiet = before;
	quiet.c_lflag &= ~(ECHO | ECHOE | ECHOK | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(to, "%s", question);
	len = read_line(fd, timeout, line->bytes, line->size);
	dprintf(to, "\n");
	tcsetattr(fd, TCSAFLUSH, &before);
	return len;
}

static int ask_terminal(const char *question, int timeout,
			struct secret *passphrase)
{
	int fd, len, err;

	err = secret_alloc(passphrase, PASSPHRASE_MAX + 1);
	if (err)
		return err;
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = dup(STDIN_FILENO);
	len = ask(fd, question, timeout, passphrase);
	close(fd);
	if (len >= 0) {
		passphrase->size = len;
		return 0;
	}
	secret_free(passphrase);
	if (len == -E2BIG)
		say_error(PASSPHRASE_TOO_LONG, PASSPHRASE_MAX);
	else if (len != -EINTR)
		say_errno(-len, "reading a passphrase");
	return len;
}

/* prompt() - ask, without an echo, as the options say; -EINTR if a signal has come. */
int prompt(const struct options *o, const char *question,
	   struct secret *passphrase)
{
	if (o->keyfile_offset) {
		say_error(
			"--keyfile-offset: not for a passphrase that is asked for");
		return -EINVAL;
	}
	/* Not once more after one that came while a keyslot was tried. */
	if (signals_check())
		return -EINTR;
	if (o->askpass)
		return askpass(o->askpass, question, passphrase);
	return ask_terminal(question, o->timeout, passphrase);
}

/*
 * read_key_file() - what the options name, or the standard input; without --key-file, up to
 * the end of a line of that. SIZE bytes, or as the options say if it is 0.
 */
int read_key_file(const struct options *o, size_t size, struct secret *key)
{
	const bool from_stdin = !o->key_file || !strcmp(o->key_file, "-");
	const char *path = from_stdin ? NULL : o->key_file;
	int err;

	/* libcryptsetup would not say which error it is. */
	if (path && access(path, R_OK)) {
		say_errno(errno, "%s", path);
		return -EINVAL;
	}
	err = path ? 0 : signals_wait_for(STDIN_FILENO, 0);
	if (err)
		return err;
	/* A pipe may take for ever. No key of the volume is known yet, and nothing is half made. */
	signals_end();
	err = crypt_keyfile_device_read(
		NULL, path, &key->bytes, &key->size, o->keyfile_offset,
		size ?: o->keyfile_size,
		o->key_file ? 0 : CRYPT_KEYFILE_STOP_EOL);
	signals_keep();
	if (!err)
		return 0;
	say_noted(-err, "%s", path ?: "the standard input");
	/* None of these is a wrong passphrase. */
	return err == -ENOMEM ? err : -EINVAL;
}
