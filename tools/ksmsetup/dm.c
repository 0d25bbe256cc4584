// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device mapper. All functions return 0 or a negative errno, and have said why.
 * What the kernel refuses, it explains in its log only, so that is read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <libdevmapper.h>
#include <linux/dm-ioctl.h>

#include "dm.h"
#include "message.h"

static int kernel_log = -1;

/* libdevmapper's own words: they would say less, and twice. */
static void log_of_libdm(int level, const char *file, int line, int dm_errno,
			 const char *format, ...)
{
	(void)level;
	(void)file;
	(void)line;
	(void)dm_errno;
	(void)format;
}

/* dm_begin() - before all others. */
void dm_begin(void)
{
	/* Without it there are no reasons. */
	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void log_skip(void)
{
	if (kernel_log >= 0)
		lseek(kernel_log, 0, SEEK_END);
}

/*
 * The last line since log_skip() that a target wrote. Device mapper's own one after it
 * says only that there was an error.
 */
static void log_reason(char *reason, size_t size)
{
	char record[1024], *text;
	ssize_t len;

	*reason = 0;
	while (kernel_log >= 0) {
		len = read(kernel_log, record, sizeof(record) - 1);
		/* Some were overwritten meanwhile. */
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return;
		record[len] = 0;
		text = strchr(record, ';');
		if (!text || strncmp(text + 1, "device-mapper: ", 15))
			continue;
		text += 16;
		text[strcspn(text, "\n")] = 0;
		if (!strncmp(text, "ioctl: ", 7))
			continue;
		snprintf(reason, size, "%s", text);
	}
}

static struct dm_task *new_task(int type, const char *name)
{
	struct dm_task *task;

	/* libcryptsetup leaves the default behind. */
	dm_log_with_errno_init(log_of_libdm);
	task = dm_task_create(type);
	if (task && !dm_task_set_name(task, name)) {
		dm_task_destroy(task);
		task = NULL;
	}
	if (!task)
		say_errno(ENOMEM, "device mapper");
	return task;
}

/* Says nothing. Waits for udev to be done with the node; flags are libdevmapper's. */
static int run_with_udev(struct dm_task *task, uint16_t flags)
{
	uint32_t cookie = 0;
	int err = 0;

	dm_task_set_cookie(task, &cookie, flags);
	if (!dm_task_run(task))
		err = -dm_task_get_errno(task) ?: -EIO;
	dm_udev_wait(cookie);
	return err;
}

/* Runs and destroys the task. */
static int run(struct dm_task *task, const char *name, const char *what,
	       bool udev)
{
	char reason[256];
	int err = 0;

	log_skip();
	if (udev)
		err = run_with_udev(task, 0);
	else if (!dm_task_run(task))
		err = -dm_task_get_errno(task) ?: -EIO;
	dm_task_destroy(task);
	if (!err)
		return 0;
	log_reason(reason, sizeof(reason));
	if (*reason)
		say_error("%s: cannot be %s: %s (%s)", name, what,
			  strerror(-err), reason);
	else
		say_errno(-err, "%s: cannot be %s", name, what);
	return err;
}

/* dm_check_name() - a name that device mapper takes, and that is no path. */
int dm_check_name(const char *name)
{
	if (*name && strlen(name) < DM_NAME_LEN && !strchr(name, '/') &&
	    strcmp(name, ".") && strcmp(name, ".."))
		return 0;
	say_error(
		"%s: not a name for a mapping: 1 to %d characters without a slash",
		name, DM_NAME_LEN - 1);
	return -EINVAL;
}

/* dm_check_target() - the kernel has it, or a module of it that can be loaded. */
int dm_check_target(const char *target)
{
	struct dm_task *task = new_task(DM_DEVICE_GET_TARGET_VERSION, target);
	struct utsname kernel = { .release = "?" };
	int err = 0;

	if (!task)
		return -ENOMEM;
	if (!dm_task_run(task)) {
		err = -dm_task_get_errno(task) ?: -EIO;
		uname(&kernel);
		if (err == -EACCES || err == -EPERM)
			say_errno(-err, "device mapper");
		else
			say_error(
				"this kernel, %s, has no target %s: is the module dm-%s built for it (dkms status)?",
				kernel.release, target, target);
	}
	dm_task_destroy(task);
	return err;
}

static int set_line(struct dm_task *task, bool readonly,
		    const struct dm_line *line)
{
	if (dm_task_add_target(task, 0, line->length, line->target,
			       line->params) &&
	    (!readonly || dm_task_set_ro(task)) && dm_task_secure_data(task))
		return 0;
	dm_task_destroy(task);
	return say_errno(ENOMEM, "device mapper");
}

/* dm_make() - a new device with this table, resumed; or none. */
int dm_make(const char *name, const char *uuid, bool readonly,
	    const struct dm_line *line)
{
	struct dm_task *task = new_task(DM_DEVICE_CREATE, name);

	if (!task)
		return -ENOMEM;
	if ((uuid && !dm_task_set_uuid(task, uuid)) ||
	    set_line(task, readonly, line))
		return -ENOMEM;
	return run(task, name, "made", true);
}

/* dm_try() - for a moment; says nothing, and nobody looks at what is on it. */
int dm_try(const char *name, bool readonly, const struct dm_line *line)
{
	struct dm_task *task = new_task(DM_DEVICE_CREATE, name);
	char uuid[64];
	int err;

	snprintf(uuid, sizeof(uuid), "CRYPT-TEMP-%s", name);
	if (!task)
		return -ENOMEM;
	if (!dm_task_set_uuid(task, uuid) || set_line(task, readonly, line))
		return -ENOMEM;
	err = run_with_udev(task, DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG |
					  DM_UDEV_DISABLE_DISK_RULES_FLAG |
					  DM_UDEV_DISABLE_OTHER_RULES_FLAG);
	dm_task_destroy(task);
	return err;
}

/* dm_load() - another table, for the next resume. */
int dm_load(const char *name, bool readonly, const struct dm_line *line)
{
	struct dm_task *task = new_task(DM_DEVICE_RELOAD, name);

	if (!task || set_line(task, readonly, line))
		return -ENOMEM;
	return run(task, name, "loaded", false);
}

/* dm_clear() - undo dm_load(). */
int dm_clear(const char *name)
{
	struct dm_task *task = new_task(DM_DEVICE_CLEAR, name);

	return task ? run(task, name, "cleared", false) : -ENOMEM;
}

/* dm_suspend() - I/O waits; with lock_fs, the file system is frozen before. */
int dm_suspend(const char *name, bool lock_fs)
{
	struct dm_task *task = new_task(DM_DEVICE_SUSPEND, name);

	if (!task)
		return -ENOMEM;
	if (!lock_fs)
		dm_task_skip_lockfs(task);
	return run(task, name, "suspended", false);
}

int dm_resume(const char *name)
{
	struct dm_task *task = new_task(DM_DEVICE_RESUME, name);

	return task ? run(task, name, "resumed", true) : -ENOMEM;
}

/* dm_remove() - udev may have it open for a moment. */
int dm_remove(const char *name, bool deferred)
{
	struct dm_task *task = new_task(DM_DEVICE_REMOVE, name);

	if (!task)
		return -ENOMEM;
	if (deferred)
		dm_task_deferred_remove(task);
	dm_task_retry_remove(task);
	return run(task, name, "removed", true);
}

/* dm_message() - to the target of a device. */
int dm_message(const char *name, const char *text)
{
	struct dm_task *task = new_task(DM_DEVICE_TARGET_MSG, name);

	if (!task)
		return -ENOMEM;
	if (!dm_task_set_sector(task, 0) || !dm_task_set_message(task, text) ||
	    !dm_task_secure_data(task)) {
		dm_task_destroy(task);
		return say_errno(ENOMEM, "device mapper");
	}
	return run(task, name, "told so", false);
}

/* dm_get_state() - -ENODEV, said nothing, if there is no such device. */
int dm_get_state(const char *name, struct dm_state *state)
{
	struct dm_task *task = new_task(DM_DEVICE_INFO, name);
	struct dm_info info;
	int err = 0;

	if (!task)
		return -ENOMEM;
	if (!dm_task_run(task) || !dm_task_get_info(task, &info)) {
		err = say_errno(dm_task_get_errno(task) ?: EIO,
				"device mapper");
	} else if (!info.exists) {
		err = -ENODEV;
	} else {
		snprintf(state->uuid, sizeof(state->uuid), "%s",
			 dm_task_get_uuid(task));
		state->open_count = info.open_count;
		state->readonly = info.read_only;
		state->suspended = info.suspended;
	}
	dm_task_destroy(task);
	return err;
}

/* dm_get_line() - of the live table, or its status. */
int dm_get_line(const char *name, bool status, struct dm_line *line)
{
	struct dm_task *task =
		new_task(status ? DM_DEVICE_STATUS : DM_DEVICE_TABLE, name);
	char *target = NULL, *params = NULL;
	void *next;
	int err = 0;

	line->params = NULL;
	if (!task)
		return -ENOMEM;
	/* Keys in hex digits would be in this memory. */
	dm_task_secure_data(task);
	if (!dm_task_run(task)) {
		err = say_errno(dm_task_get_errno(task) ?: EIO, "%s", name);
	} else {
		next = dm_get_next_target(task, NULL, &line->start,
					  &line->length, &target, &params);
		if (!target || next || line->start) {
			say_error("%s: not a mapping of one target", name);
			err = -EINVAL;
		} else {
			snprintf(line->target, sizeof(line->target), "%s",
				 target);
			line->params = strdup(params);
			if (!line->params)
				err = say_errno(ENOMEM, "%s", name);
		}
	}
	dm_task_destroy(task);
	return err;
}

/* dm_free_line() - which may have a key of dm-crypt's in hex digits. */
void dm_free_line(struct dm_line *line)
{
	if (line->params)
		explicit_bzero(line->params, strlen(line->params));
	free(line->params);
	line->params = NULL;
}
