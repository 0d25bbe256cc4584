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
 * @late: of those that give way to others of the same name, or NULL
 * @service: name of its unit
 * @device: unit of the device of the volume
 * @mapped: unit of the mapping
 */
struct unit {
	const char *dir, *late;
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
			/* Several are one, and at the end none. */
			len += from[1] && from[1] != '/' ?
				       sprintf(to + len, "-") :
				       0;
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

/* A word in quotes, with those of DOUBLED doubled. */
static void put_quoted(FILE *f, const char *word, const char *doubled)
{
	fputc('"', f);
	for (; *word; word++) {
		if (strchr(doubled, *word))
			fputc(*word, f);
		else if (*word == '"' || *word == '\\')
			fputc('\\', f);
		fputc(*word, f);
	}
	fputc('"', f);
}

/* One of a command line. */
static void put_word(FILE *f, const char *word)
{
	fputc(' ', f);
	put_quoted(f, word, "%$");
}

static void put_mounts(FILE *f, const char *path)
{
	fputs("RequiresMountsFor=", f);
	put_quoted(f, path, "%");
	fputc('\n', f);
}

/* What a file that the volume needs lies on: a key or a header. */
static void put_needed(FILE *f, const char *path)
{
	char device[UNIT_NAME_MAX];

	if (!path || *path != '/')
		return;
	if (key_is_random(path)) {
		fputs("After=systemd-random-seed.service\n", f);
		return;
	}
	if (strncmp(path, "/dev/", 5))
		put_mounts(f, path);
	else if (!unit_name(device, "", path, ".device"))
		fprintf(f, "Requires=%s\nAfter=%s\n", device, device);
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
	/* Who waits for all volumes does not for those. */
	if (!e->nofail)
		fprintf(f, "Before=%scryptsetup.target\n",
			e->netdev ? "remote-" : "");
	if (e->netdev)
		fprintf(f, "After=remote-fs-pre.target\n");
	if (!strncmp(e->path, "/dev/", 5))
		fprintf(f, "BindsTo=%s\nAfter=%s\n", u->device, u->device);
	else
		put_mounts(f, e->path);
	put_needed(f, e->options.key_file);
	put_needed(f, e->options.header);
}

/*
 * A mapping that is there already may be anything, with data. What lies below was written by
 * way of keys that are gone: no signature is known there, or it is another disk by now.
 */
static void put_swap_checks(FILE *f, const struct tab_entry *e,
			    const char *mapped)
{
	const unsigned long long offset = e->options.offset;

	fputs("ExecStartPre=/bin/sh -c 'test ! -e \"$$1\" || { echo \"$$1 is there already, and may have data\" >&2; exit 1; }' sh",
	      f);
	put_word(f, mapped);
	fputc('\n', f);
	/* The header of LUKS is one that is known. */
	if (strcmp(e->options.type, "plain"))
		return;
	/*
	 * Of two signatures, blkid says in some versions what it says of none; but wipefs cannot
	 * look from an offset on. Without either, it is as if nothing was found.
	 */
	fprintf(f,
		"ExecStartPre=/bin/sh -c 'found=$$(%s); test -z \"$$found\" || { "
		"echo \"$$1 has something that is no swap space of ours, and is left alone. "
		"If it is not another disk by now, wipefs(8) removes that: $$found\" >&2; exit 1; }' sh",
		offset ?
			"blkid -p -O \"$$2\" \"$$1\" 2>/dev/null || test $$? != 8 || echo several" :
			"wipefs \"$$1\" 2>/dev/null");
	put_word(f, e->path);
	fprintf(f, " %llu\n", offset * 512);
}

static void put_service_section(FILE *f, const struct tab_entry *e,
				const char *tab)
{
	char mapped[TAB_LINE_MAX + 16], ask[128];

	snprintf(mapped, sizeof(mapped), "/dev/mapper/%s", e->name);
	snprintf(
		ask, sizeof(ask),
		"systemd-ask-password --icon=drive-harddisk --timeout=%d --id=ksmsetup",
		e->options.timeout);
	/* A passphrase takes as long as it takes. */
	fprintf(f,
		"\n[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutSec=infinity\n"
		"KeyringMode=shared\nOOMScoreAdjust=500\n");
	if (e->swap)
		put_swap_checks(f, e, mapped);
	fputs("ExecStart=" KSMSETUP " attach --askpass", f);
	put_word(f, ask);
	fputs(" --tab", f);
	put_word(f, tab);
	put_word(f, e->name);
	if (!e->initramfs) {
		fputs("\nExecStop=" KSMSETUP " detach", f);
		put_word(f, e->name);
	}
	if (e->swap) {
		/* One that is left would keep it from being started again. */
		fputs("\nExecStartPost=/bin/sh -c 'mkswap \"$$1\" || { " KSMSETUP
		      " detach \"$$2\"; exit 1; }' sh",
		      f);
		put_word(f, mapped);
		put_word(f, e->name);
	}
	fputc('\n', f);
}

/* DIR/NAME, for writing; NULL after having said why. */
static FILE *new_file(const char *dir, const char *name)
{
	char path[PATH_MAX];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    (int)sizeof(path)) {
		say_errno(ENAMETOOLONG, "%s", name);
		return NULL;
	}
	f = fopen(path, "wxe");
	if (!f)
		say_errno(errno, "%s", path);
	else
		fputs("# Made by ksmsetup-generator.\n", f);
	return f;
}

static int put_unit(const struct unit *u, const struct tab_entry *e,
		    const char *tab)
{
	char path[PATH_MAX];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", u->dir, u->service) <
		    (int)sizeof(path) &&
	    !access(path, F_OK)) {
		say_error("%s:%d: a line before has the name %s, too", tab,
			  e->line, e->name);
		return -EEXIST;
	}
	f = new_file(u->dir, u->service);
	if (!f)
		return -EIO;
	put_unit_section(f, u, e, tab);
	put_service_section(f, e, tab);
	return fclose(f) ? say_errno(errno, "%s", u->service) : 0;
}

/* DIR/UNIT.d/FILE, with one setting. */
static int put_drop_in(const char *dir, const char *unit, const char *file,
		       const char *setting, const char *value)
{
	char path[PATH_MAX];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s.d", dir, unit) >=
	    (int)sizeof(path))
		return say_errno(ENAMETOOLONG, "%s", unit);
	if (mkdir(path, 0755) && errno != EEXIST)
		return say_errno(errno, "%s", path);
	f = new_file(path, file);
	if (!f)
		return -EIO;
	fprintf(f, "[Unit]\n%s=%s\n", setting, value);
	return fclose(f) ? say_errno(errno, "%s/%s", path, file) : 0;
}

/* How long who needs the volume waits for it, and it for its device. */
static int put_timeouts(const struct unit *u, const struct tab_entry *e)
{
	const char *wait = e->device_timeout;
	int err = 0;

	/* Somebody is being asked for a passphrase. */
	if (!e->noauto && !e->nofail)
		err = put_drop_in(u->dir, u->mapped, "40-device-timeout.conf",
				  "JobTimeoutSec", "infinity");
	if (err || !wait || strncmp(e->path, "/dev/", 5))
		return err;
	if (wait[strspn(wait, "0123456789abcdefghijklmnopqrstuvwxyz.")]) {
		say_error("%s: x-systemd.device-timeout=%s: not a time",
			  e->name, wait);
		return -EINVAL;
	}
	return put_drop_in(u->dir, u->device, "50-ksmsetup-timeout.conf",
			   "JobRunningTimeoutSec", wait);
}

/* DIR/TARGET.HOW/NAME: TARGET wants or requires it. */
static int put_link(const char *in, const char *target, const char *how,
		    const char *name)
{
	char dir[PATH_MAX], link[PATH_MAX], to[UNIT_NAME_MAX + 3];

	if (snprintf(dir, sizeof(dir), "%s/%s.%s", in, target, how) >=
		    (int)sizeof(dir) ||
	    snprintf(link, sizeof(link), "%s/%s", dir, name) >=
		    (int)sizeof(link))
		return say_errno(ENAMETOOLONG, "%s", name);
	snprintf(to, sizeof(to), "../%s", name);
	if ((mkdir(dir, 0755) && errno != EEXIST) ||
	    (symlink(to, link) && errno != EEXIST))
		return say_errno(errno, "%s", link);
	return 0;
}

/*
 * The target, where systemd has it in a package of its own that is not there, as in
 * Debian 13 and in an initramfs; and somebody who wants it.
 */
static int put_target(const struct unit *u, const struct tab_entry *e,
		      const char *target)
{
	char path[PATH_MAX];
	FILE *f;

	if (!u->late)
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", u->late, target) >=
	    (int)sizeof(path))
		return say_errno(ENAMETOOLONG, "%s", target);
	if (access(path, F_OK)) {
		f = new_file(u->late, target);
		if (!f)
			return -EIO;
		fputs("[Unit]\nDescription=Encrypted volumes\n", f);
		if (e->netdev)
			fputs("After=remote-fs-pre.target\nDefaultDependencies=no\n"
			      "Conflicts=shutdown.target\n",
			      f);
		if (fclose(f))
			return say_errno(errno, "%s", path);
	}
	return put_link(u->late,
			e->netdev ? "multi-user.target" : "sysinit.target",
			"wants", target);
}

static int generate(struct unit *u, const char *tab, const struct tab_entry *e)
{
	const char *target = e->netdev ? "remote-cryptsetup.target" :
					 "cryptsetup.target";
	int err = name_units(u, e);

	if (err)
		return say_errno(-err, "%s:%d: %s", tab, e->line, e->name);
	err = put_unit(u, e, tab)					  ?:
		      put_link(u->dir, u->mapped, "requires", u->service) ?:
		      put_timeouts(u, e);
	if (err || e->noauto)
		return err;
	return put_link(u->dir, target, e->nofail ? "wants" : "requires", u->service) ?:
		       put_target(u, e, target);
}

int main(int argc, char **argv)
{
	static struct tab_entry entry;
	const char *tab = getenv("KSMTAB") ?: TAB_FILE;
	struct unit unit;
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
	unit = (struct unit){ .dir = argv[1],
			      .late = argc == 4 ? argv[3] : NULL };
	/* A wrong line is no reason to leave the others closed. */
	while ((ret = tab_next(file, tab, &line, &entry)) && ret != -EIO)
		if (ret < 0 || generate(&unit, tab, &entry))
			failed = 1;
	fclose(file);
	return failed || ret;
}
