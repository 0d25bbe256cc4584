// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device mapper. Functions return 0 or a negative errno, and have said why.
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
/* The kernel's, for what failed last. */
static char reason[256];

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

/* "major:minor", or empty if there is no such device. */
static void number_of(const char *name, char *number, size_t size)
{
	struct dm_task *task = dm_task_create(DM_DEVICE_INFO);
	struct dm_info info;

	*number = 0;
	if (task && dm_task_set_name(task, name) && dm_task_run(task) &&
	    dm_task_get_info(task, &info) && info.exists)
		snprintf(number, size, "%u:%u", info.major, info.minor);
	if (task)
		dm_task_destroy(task);
}

/*
 * Device mapper's lines name the device, those of targets do not. Some say only that there
 * was an error, after a target's line that says which.
 */
static bool is_reason(const char *text, const char *number)
{
	const size_t len = strlen(number);

	if (!strncmp(text, "ioctl: ", 7) || strstr(text, "preresume failed"))
		return false;
	if (!len || strncmp(text, "table: ", 7))
		return true;
	return !strncmp(text + 7, number, len) && text[7 + len] == ':';
}

/* What was said of NAME last since log_skip(). */
static void log_reason(const char *name)
{
	char record[1024], number[24], *text;
	ssize_t len;

	number_of(name, number, sizeof(number));
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
		if (is_reason(text, number))
			snprintf(reason, sizeof(reason), "%s", text);
	}
}

/* dm_say() - that it failed, with the kernel's reason if there is one. Returns ERR. */
int dm_say(int err, const char *name, const char *what)
{
	if (*reason)
		say_error("%s: %s: %s (%s)", name, what, strerror(-err),
			  reason);
	else
		say_errno(-err, "%s: %s", name, what);
	return err;
}

/*
 * libdevmapper asks the kernel for its version once, which needs privileges and a kernel with
 * device mapper; that it failed is remembered without the reason. Never -ENODEV, which would
 * be that a mapping does not exist.
 */
static int no_task(int error)
{
	static int first;

	if (!first)
		first = error ?: ENOMEM;
	if (first != ENODEV && first != ENXIO && first != ENOENT)
		return -first;
	snprintf(reason, sizeof(reason), "is the module dm_mod loaded?");
	return -ENOTSUP;
}

static int new_task(int type, const char *name, struct dm_task **task)
{
	/* libcryptsetup leaves the default behind. */
	dm_log_with_errno_init(log_of_libdm);
	*reason = 0;
	errno = 0;
	*task = dm_task_create(type);
	if (!*task)
		return no_task(errno);
	if (dm_task_set_name(*task, name))
		return 0;
	dm_task_destroy(*task);
	return -EINVAL;
}

/* Runs and destroys the task. */
static int run(struct dm_task *task, const char *name)
{
	int err = 0;

	log_skip();
	if (!dm_task_run(task)) {
		err = -dm_task_get_errno(task) ?: -EIO;
		log_reason(name);
	}
	dm_task_destroy(task);
	return err;
}

/* Likewise; waits for udev to be done with the node. The flags are libdevmapper's. */
static int run_with_udev(struct dm_task *task, const char *name, uint16_t flags)
{
	uint32_t cookie = 0;
	int err;

	dm_task_set_cookie(task, &cookie, flags);
	err = run(task, name);
	dm_udev_wait(cookie);
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
	struct utsname kernel = { .release = "?" };
	struct dm_task *task;
	int err = new_task(DM_DEVICE_GET_TARGET_VERSION, target, &task);

	err = err ?: run(task, target);
	if (!err)
		return 0;
	if (err == -ENOTSUP) {
		say_error("device mapper: %s", reason);
		return err;
	}
	if (err == -EACCES || err == -EPERM || err == -ENOMEM)
		return say_errno(-err, "device mapper");
	uname(&kernel);
	say_error(
		"this kernel, %s, has no target %s: is the module dm-%s built for it (dkms status)?",
		kernel.release, target, target);
	return -ENODEV;
}

/* The functions from here to resume() say nothing. */
static int create(const char *name, const char *uuid)
{
	struct dm_task *task;
	int err = new_task(DM_DEVICE_CREATE, name, &task);

	if (err)
		return err;
	if (dm_task_set_uuid(task, uuid))
		return run(task, name);
	dm_task_destroy(task);
	return -ENOMEM;
}

static int load(const char *name, bool readonly, const struct dm_line *line)
{
	struct dm_task *task;
	int err = new_task(DM_DEVICE_RELOAD, name, &task);

	if (err)
		return err;
	if (dm_task_add_target(task, 0, line->length, line->target,
			       line->params) &&
	    (!readonly || dm_task_set_ro(task)) && dm_task_secure_data(task))
		return run(task, name);
	dm_task_destroy(task);
	return -ENOMEM;
}

static int resume(const char *name, uint16_t flags)
{
	struct dm_task *task;

	return new_task(DM_DEVICE_RESUME, name, &task) ?:
		       run_with_udev(task, name, flags);
}

static int remove_device(const char *name, bool deferred, uint16_t flags)
{
	struct dm_task *task;
	int err = new_task(DM_DEVICE_REMOVE, name, &task);

	if (err)
		return err;
	if (deferred)
		dm_task_deferred_remove(task);
	dm_task_retry_remove(task);
	return run_with_udev(task, name, flags);
}

/*
 * Step by step: of a task that does all at once, libdevmapper loses the errno. There is no
 * device unless all succeed.
 */
static int make(const char *name, const char *uuid, bool readonly,
		const struct dm_line *line, uint16_t flags)
{
	char why[sizeof(reason)];
	int err = create(name, uuid);

	if (err)
		return err;
	err = load(name, readonly, line) ?: resume(name, flags);
	if (err) {
		strcpy(why, reason);
		remove_device(name, false, flags);
		strcpy(reason, why);
	}
	return err;
}

/* dm_make() - a new device with this table, resumed; or none. */
int dm_make(const char *name, const char *uuid, bool readonly,
	    const struct dm_line *line)
{
	int err = make(name, uuid, readonly, line, 0);

	return err ? dm_say(err, name, "cannot be made") : 0;
}

/* dm_try() - for a moment; says nothing, and nobody looks at what is on it. */
int dm_try(const char *name, bool readonly, const struct dm_line *line)
{
	char uuid[64];

	snprintf(uuid, sizeof(uuid), "CRYPT-TEMP-%s", name);
	return make(name, uuid, readonly, line,
		    DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG |
			    DM_UDEV_DISABLE_DISK_RULES_FLAG |
			    DM_UDEV_DISABLE_OTHER_RULES_FLAG);
}

/* dm_load() - another table, for the next resume. */
int dm_load(const char *name, bool readonly, const struct dm_line *line)
{
	int err = load(name, readonly, line);

	return err ? dm_say(err, name, "its table cannot be loaded") : 0;
}

/* dm_clear() - undo dm_load(). */
int dm_clear(const char *name)
{
	struct dm_task *task;
	int err = new_task(DM_DEVICE_CLEAR, name, &task) ?: run(task, name);

	return err ? dm_say(err, name, "cannot be cleared") : 0;
}

/* dm_suspend() - I/O waits; the file system is frozen before. */
int dm_suspend(const char *name)
{
	struct dm_task *task;
	int err = new_task(DM_DEVICE_SUSPEND, name, &task) ?: run(task, name);

	return err ? dm_say(err, name, "cannot be suspended") : 0;
}

int dm_resume(const char *name)
{
	int err = resume(name, 0);

	return err ? dm_say(err, name, "cannot be resumed") : 0;
}

/* dm_remove() - udev may have it open for a moment. */
int dm_remove(const char *name, bool deferred)
{
	int err = remove_device(name, deferred, 0);

	return err ? dm_say(err, name, "cannot be removed") : 0;
}

/* dm_message() - to the target of a device. */
int dm_message(const char *name, const char *text)
{
	struct dm_task *task;
	int err = new_task(DM_DEVICE_TARGET_MSG, name, &task);

	if (!err &&
	    (!dm_task_set_sector(task, 0) || !dm_task_set_message(task, text) ||
	     !dm_task_secure_data(task))) {
		dm_task_destroy(task);
		err = -ENOMEM;
	} else if (!err) {
		err = run(task, name);
	}
	return err ? dm_say(err, name, "cannot be told so") : 0;
}

static void copy_state(struct dm_task *task, const struct dm_info *info,
		       struct dm_state *state)
{
	snprintf(state->uuid, sizeof(state->uuid), "%s",
		 dm_task_get_uuid(task));
	snprintf(state->number, sizeof(state->number), "%u:%u", info->major,
		 info->minor);
	state->open_count = info->open_count;
	state->readonly = info->read_only;
	state->suspended = info->suspended;
}

/* dm_get_state() - -ENODEV, said nothing, if there is no such device. */
int dm_get_state(const char *name, struct dm_state *state)
{
	struct dm_task *task;
	struct dm_info info;
	int err = new_task(DM_DEVICE_INFO, name, &task);

	if (err)
		return dm_say(err, name, "device mapper");
	if (!dm_task_run(task) || !dm_task_get_info(task, &info))
		err = say_errno(dm_task_get_errno(task) ?: EIO,
				"device mapper");
	else if (!info.exists)
		err = -ENODEV;
	else
		copy_state(task, &info, state);
	dm_task_destroy(task);
	return err;
}

/* dm_same_state() - the same device, in the same state; whoever has it open does not matter. */
bool dm_same_state(const struct dm_state *a, const struct dm_state *b)
{
	return !strcmp(a->uuid, b->uuid) && !strcmp(a->number, b->number) &&
	       a->readonly == b->readonly && a->suspended == b->suspended;
}

static int copy_line(struct dm_task *task, const char *name,
		     struct dm_line *line)
{
	char *target = NULL, *params = NULL;
	void *next = dm_get_next_target(task, NULL, &line->start, &line->length,
					&target, &params);

	if (!target || next || line->start) {
		say_error("%s: not a mapping of one target (dmsetup table %s)",
			  name, name);
		return -EINVAL;
	}
	snprintf(line->target, sizeof(line->target), "%s", target);
	line->params = strdup(params);
	return line->params ? 0 : say_errno(ENOMEM, "%s", name);
}

/* dm_get_line() - of the live table, or its status, which has no key. */
int dm_get_line(const char *name, bool status, struct dm_line *line)
{
	struct dm_task *task;
	int err = new_task(status ? DM_DEVICE_STATUS : DM_DEVICE_TABLE, name,
			   &task);

	line->params = NULL;
	if (err)
		return dm_say(err, name, "device mapper");
	/* Keys in hex digits would be in this memory. */
	dm_task_secure_data(task);
	if (dm_task_run(task))
		err = copy_line(task, name, line);
	else
		err = say_errno(dm_task_get_errno(task) ?: EIO, "%s", name);
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
