// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command probe: what an inline encryption engine under a device can do. Asked is
 * the kernel, by a mapping that nobody can write to, with a random key; before it says
 * that an engine is in use, it has compared what that reads with what software makes of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ciphers.h"
#include "dm.h"
#include "message.h"
#include "path.h"
#include "probe.h"
#include "secret.h"
#include "signals.h"
#include "table.h"
#include "volume.h"

static const int sector_sizes[] = { 512, 1024, 2048, 4096 };

/* A cipher that this kernel lacks, or a device with larger blocks. */
static bool is_refused(int err)
{
	return err == -ENOENT || err == -EINVAL;
}

/**
 * probe_once() - one cipher with one sector size
 * @volume: the device, the cipher, a key
 * @status: set
 * @table: set
 *
 * Return: 1 if it is in hardware; 0 if not, for a reason; or a negative errno: -EBUSY if the
 *	device is in use, -ENOENT or -EINVAL if there is no such table; after others it has said why.
 */
int probe_once(const struct volume *v, struct status *status,
	       struct table *table)
{
	struct dm_line line = { .target = "ksm" }, live = { .params = NULL };
	struct secret_ref ref;
	sigset_t before;
	char name[40];
	int err = secret_publish(&v->key, "", &ref);

	if (err)
		return err;
	err = table_make(v, ref.text, "auto", &line);
	if (err) {
		secret_withdraw(&ref);
		return err;
	}
	snprintf(name, sizeof(name), "ksmsetup-probe-%ld", (long)getpid());
	without_signals(&before);
	err = dm_try(name, true, &line);
	if (!err) {
		err = dm_get_line(name, true, &live) ?:
			      status_parse(status, live.params);
		dm_remove(name, false);
	} else if (!is_refused(err) && err != -EBUSY) {
		dm_say(err, v->device, "cannot be probed");
	}
	with_signals(&before);
	secret_withdraw(&ref);
	table_parse(table, line.params);
	dm_free_line(&line);
	dm_free_line(&live);
	return err ?: !strcmp(status->path, "hardware");
}

/* All sector sizes of one cipher. Returns how many are in hardware. */
static int try_sizes(struct volume *v, const char *name)
{
	char sizes[64] = "", engine[64] = "";
	struct status status;
	struct table table;
	int found = 0, ret;
	size_t i;

	for (i = 0; i < sizeof(sector_sizes) / sizeof(*sector_sizes); i++) {
		v->sector_size = sector_sizes[i];
		v->iv_large_sectors = sector_sizes[i] != 512;
		ret = signals_check() ?: probe_once(v, &status, &table);
		if (is_refused(ret))
			continue;
		if (ret < 0)
			return ret;
		if (!ret) {
			say_verbosely("%s, %d: %s", name, sector_sizes[i],
				      path_explain(&status, &table));
			continue;
		}
		found++;
		snprintf(engine, sizeof(engine), "%s", status.engine);
		snprintf(sizes + strlen(sizes), sizeof(sizes) - strlen(sizes),
			 " %d", sector_sizes[i]);
	}
	if (found)
		say("%-18s hardware (%s), sectors of%s bytes", name, engine,
		    sizes);
	else
		say("%-18s software", name);
	return found;
}

static FILE *open_caps_of(const char *prefix, const char *name, char *manager,
			  size_t size)
{
	char path[PATH_MAX];

	snprintf(manager, size, "%s%s", prefix, name);
	snprintf(path, sizeof(path), "/sys/kernel/debug/ksm_core/%s/caps",
		 manager);
	return fopen(path, "re");
}

/*
 * Where the keyslot manager tells what it can. It has the name of the disk, or of the UFS host
 * controller: each is a part of the path of the disk, or of its partition, in sysfs.
 */
static FILE *open_caps(const struct volume *v, char *manager, size_t size)
{
	char link[64], path[PATH_MAX], *name;
	ssize_t len;
	FILE *f = NULL;

	snprintf(link, sizeof(link), "/sys/dev/block/%s", v->number);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = 0;
	while (!f && (name = strrchr(path, '/'))) {
		*name++ = 0;
		f = open_caps_of("", name, manager, size) ?:
			    open_caps_of("ufs-", name, manager, size);
	}
	return f;
}

/*
 * Of a device that is in use: what its engine says of itself. Returns how many ciphers, or
 * a negative errno.
 */
static int show_declared(const struct volume *v)
{
	char manager[NAME_MAX], mode[64];
	unsigned int sizes, size;
	int found = 0;
	FILE *f = open_caps(v, manager, sizeof(manager));

	if (!f) {
		say("%s: is in use, and has no keyslot manager that would tell (or debugfs is not mounted)",
		    v->device);
		return 0;
	}
	say("%s: is in use, so this is what the engine of %s says, not verified",
	    v->device, manager);
	while (fscanf(f, "%63s %u", mode, &sizes) == 2) {
		/* "slots" and "dun_bytes" come first, ciphers have capitals. */
		if (*mode >= 'a' && *mode <= 'z')
			continue;
		printf("%-18s declared (%s), sectors of", mode, manager);
		for (size = 512; size <= 4096; size *= 2)
			if (sizes & size)
				printf(" %u", size);
		printf(" bytes\n");
		found++;
	}
	fclose(f);
	return found;
}

/* probe DEVICE: -ENODEV, after having said all, if nothing is in hardware. */
int device_probe(const struct options *o, char **words)
{
	struct volume v = { .cipher = "" };
	int found = 0, ret = 0;
	size_t i;

	(void)o;
	ret = dm_check_target("ksm") ?: volume_of_device(&v, words[0]);
	for (i = 0; ret >= 0 && i < CIPHER_COUNT; i++) {
		snprintf(v.cipher, sizeof(v.cipher), "%s", ciphers[i].spec);
		ret = secret_random(&v.key, ciphers[i].key_size);
		if (ret)
			break;
		ret = try_sizes(&v, ciphers[i].name);
		found += ret > 0 ? ret : 0;
		secret_free(&v.key);
	}
	if (ret == -EBUSY)
		ret = found = show_declared(&v);
	if (ret < 0)
		return ret;
	return found ? 0 : -ENODEV;
}
