// SPDX-License-Identifier: GPL-2.0-only
/* Ways to end which are no success. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "die.h"

void die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("ksm-ref: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

void die_openssl(const char *what)
{
	fprintf(stderr, "ksm-ref: %s failed in libcrypto\n", what);
	ERR_print_errors_fp(stderr);
	exit(EXIT_FAILURE);
}
