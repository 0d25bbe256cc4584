// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksmsetup-generator - units of systemd for the volumes of ksmtab(5), see
 * systemd.generator(7) and, for what such a unit is made of, systemd-cryptsetup-generator(8).
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "tab.h"

#define UNIT_NAME_MAX 256
#define KSMSETUP      "/usr/sbin/ksmsetup"

/**
 * struct unit - what is written for an entry
 * @dir: of generated units
 * @service: name of its unit
 * @device: unit of the device of the volume
 * @mapped: unit of the mapping
 */
struct unit {
	const char *dir;
	char service[UNIT_NAME_MAX], device[UNIT_NAME_MAX],
		mapped[UNIT_NAME_MAX];
};

/*
 * As systemd-escape(1), of a path if it begins with a slash. Returns a negative errno if
 * it does not fit.
 */
static int unit_name(char *to, const char *prefix, const char *from,
		     const char *suffix)
{
	size_t len = snprintf(to, UNIT_NAME_MAX, "%s", prefix), start = len;

	while (*from == '/')
		from++;
	for (; *from; from++) {
		const bool plain = (isalnum((unsigned char)*from) ||
				    strchr(":_.", *from)) &&
				   (*from != '.' || len > start);

		if (len + 5 + strlen(suffix) > UNIT_NAME_MAX)
			return -ENAMETOOLONG;
		if (*from == '/')
			len += sprintf(to + len, "-");
		else
			len += sprintf(to + len, plain ? "%c" : "\\x%02x",
				       (unsigned char)*from);
	}
	strcpy(to + len, suffix);
	return 0;
}

static int name_units(struct unit *u, const struct tab_entry *e)
{
	char mapped[TAB_LINE_MAX + 16];

	snprintf(mapped, sizeof(mapped), "/dev/mapper/%s", e->name);
	return unit_name(u->service, "ksmsetup@", e->name, ".service") ?:
		       unit_name(u->device, "", e->path, ".device")    ?:
		       unit_name(u->mapped, "", mapped, ".device");
}

/* One word of a command line in a unit: % is doubled, and so are $ and \. */
static void put_word(FILE *f, const char *word)
{
	fputs(" \"", f);
	for (; *word; word++) {
		if (*word == '%' || *word == '$')
			fputc(*word, f);
		else if (*word == '"' || *word == '\\')
			fputc('\\', f);
		fputc(*word, f);
	}
	fputc('"', f);
}

static void put_unit_section(FILE *f, const struct unit *u,
			     const struct tab_entry *e, const char *tab)
{
	fprintf(f,
		"[Unit]\nDescription=Encrypted volume %%I (ksm)\n"
		"Documentation=man:ksmtab(5) man:ksmsetup(8)\nSourcePath=%s\n"
		"DefaultDependencies=no\nIgnoreOnIsolate=true\n"
		"After=cryptsetup-pre.target systemd-udevd-kernel.socket systemd-modules-load.service\n"
		"Before=blockdev@%.*s.target\nWants=blockdev@%.*s.target\n",
		tab, (int)strlen(u->mapped) - 7, u->mapped,
		(int)strlen(u->mapped) - 7, u->mapped);
	/* What the root file system lies on is there until the end. */
	if (!e->initramfs)
		fprintf(f, "Conflicts=umount.target\nBefore=umount.target\n");
	fprintf(f, "Before=%scryptsetup.target\n", e->netdev ? "remote-" : "");
	if (e->netdev)
		fprintf(f, "After=remote-fs-pre.target\n");
	if (!strncmp(e->path, "/dev/", 5))
		fprintf(f, "BindsTo=%s\nAfter=%s\n", u->device, u->device);
	else
		fprintf(f, "RequiresMountsFor=\"%s\"\n", e->path);
	if (e->options.key_file && strncmp(e->options.key_file, "/dev/", 5))
		fprintf(f, "RequiresMountsFor=\"%s\"\n", e->options.key_file);
	if (e->options.header && strncmp(e->options.header, "/dev/", 5))
		fprintf(f, "RequiresMountsFor=\"%s\"\n", e->options.header);
}

static void put_service_section(FILE *f, const struct tab_entry *e,
				const char *tab)
{
	char mapped[TAB_LINE_MAX + 16];

	snprintf(mapped, sizeof(mapped), "/dev/mapper/%s", e->name);
	/* A passphrase takes as long as it takes. */
	fprintf(f,
		"\n[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutSec=infinity\n"
		"KeyringMode=shared\nOOMScoreAdjust=500\n"
		"ExecStart=" KSMSETUP " attach --askpass");
	put_word(
		f,
		"systemd-ask-password --icon=drive-harddisk --timeout=0 --id=ksmsetup");
	fputs(" --tab", f);
	put_word(f, tab);
	put_word(f, e->name);
	if (!e->initramfs) {
		fputs("\nExecStop=" KSMSETUP " detach", f);
		put_word(f, e->name);
	}
	if (e->swap) {
		fputs("\nExecStartPost=mkswap", f);
		put_word(f, mapped);
	}
	fputc('\n', f);
}

static int put_unit(const struct unit *u, const struct tab_entry *e,
		    const char *tab)
{
	char path[PATH_MAX];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", u->dir, u->service) >=
	    (int)sizeof(path))
		return say_errno(ENAMETOOLONG, "%s", u->service);
	f = fopen(path, "wxe");
	if (!f)
		return say_errno(errno, "%s", path);
	fputs("# Made by ksmsetup-generator.\n", f);
	put_unit_section(f, u, e, tab);
	put_service_section(f, e, tab);
	return fclose(f) ? say_errno(errno, "%s", path) : 0;
}

/* TARGET wants or requires the service. */
static int put_link(const struct unit *u, const char *target, const char *how)
{
	char dir[PATH_MAX], link[PATH_MAX], to[PATH_MAX];

	if (snprintf(dir, sizeof(dir), "%s/%s.%s", u->dir, target, how) >=
		    (int)sizeof(dir) ||
	    snprintf(link, sizeof(link), "%s/%s", dir, u->service) >=
		    (int)sizeof(link) ||
	    snprintf(to, sizeof(to), "../%s", u->service) >= (int)sizeof(to))
		return say_errno(ENAMETOOLONG, "%s", u->service);
	if ((mkdir(dir, 0755) && errno != EEXIST) || symlink(to, link))
		return say_errno(errno, "%s", link);
	return 0;
}

static int generate(const char *dir, const char *tab, const struct tab_entry *e)
{
	struct unit u = { .dir = dir };
	int err = name_units(&u, e);

	if (err)
		return say_errno(-err, "%s:%d: %s", tab, e->line, e->name);
	err = put_unit(&u, e, tab) ?: put_link(&u, u.mapped, "requires");
	if (!err && !e->noauto)
		err = put_link(&u,
			       e->netdev ? "remote-cryptsetup.target" :
					   "cryptsetup.target",
			       e->nofail ? "wants" : "requires");
	return err;
}

int main(int argc, char **argv)
{
	static struct tab_entry entry;
	const char *tab = getenv("KSMTAB") ?: TAB_FILE;
	int line = 0, ret, failed = 0;
	FILE *file;

	if (argc != 2 && argc != 4) {
		say_error(
			"ksmsetup-generator is for systemd: 1 or 3 directories");
		return 1;
	}
	file = fopen(tab, "re");
	if (!file)
		return errno == ENOENT ? 0 : (say_errno(errno, "%s", tab), 1);
	/* A wrong line is no reason to leave the others closed. */
	while ((ret = tab_next(file, tab, &line, &entry)) && ret != -EIO)
		if (ret < 0 || generate(argv[1], tab, &entry))
			failed = 1;
	fclose(file);
	return failed || ret;
}
