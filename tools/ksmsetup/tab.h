/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksmtab(5): volumes that are opened at boot.
 */
#ifndef KSMSETUP_TAB_H
#define KSMSETUP_TAB_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "options.h"

#define TAB_FILE	"/etc/ksmtab"
#define TAB_LINE_MAX	4096
/* Options of one line. */
#define TAB_OPTIONS_MAX 40

/**
 * struct tab_entry - a line of ksmtab
 * @name: of the mapping
 * @device: as it is written there
 * @path: of @device
 * @device_timeout: how long to wait for @device, in systemd's words, or NULL
 * @options: as for "open"
 * @noauto: not at boot
 * @nofail: boot goes on without it
 * @netdev: needs the network
 * @initramfs: opened in the initramfs
 * @swap: becomes swap space, whatever was there
 * @line: its number
 * @text: what the pointers point into
 * @words: likewise, of @options
 */
struct tab_entry {
	const char *name, *device, *device_timeout;
	char path[PATH_MAX];
	struct options options;
	bool noauto, nofail, netdev, initramfs, swap;
	int line;
	char text[TAB_LINE_MAX],
		words[TAB_LINE_MAX + 10 * (TAB_OPTIONS_MAX + 2)];
};

int tab_next(FILE *file, const char *path, int *line, struct tab_entry *entry);
int tab_find(const char *path, const char *name, struct tab_entry *entry);

#endif /* KSMSETUP_TAB_H */
