// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command convert: a live mapping of dm-crypt becomes one of ksm, or back. The
 * other table is loaded beside the one in use, so that whatever the kernel refuses is
 * refused before anything has changed; then I/O is stopped, and goes on with the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libcryptsetup.h>

#include "compare.h"
#include "convert.h"
#include "device.h"
#include "dm.h"
#include "identity.h"
#include "memory.h"
#include "message.h"
#include "secret.h"
#include "signals.h"
#include "table.h"
#include "volume.h"

/**
 * struct conversion - what is converted
 * @name: the mapping
 * @from: the target it has
 * @to: the target it gets
 * @hw: for ksm
 * @back: the other way round
 * @state: of the mapping
 * @line: its table
 * @table: the same, parsed
 * @key: the volume key
 * @key_name: what cryptsetup calls it in a keyring, or empty
 */
struct conversion {
	const char *name, *from, *to, *hw;
	bool back;
	struct dm_state state;
	struct dm_line line;
	struct table table;
	struct secret key;
	char key_name[SECRET_NAME_SIZE];
};

static int look(struct conversion *c)
{
	int err = dm_get_state(c->name, &c->state);

	if (err == -ENODEV)
		say_error("%s: no such mapping", c->name);
	err = err ?: dm_get_line(c->name, false, &c->line);
	if (err)
		return err;
	if (!strcmp(c->line.target, c->to)) {
		say_error("%s: is a mapping of %s already", c->name, c->to);
		return -EEXIST;
	}
	if (strcmp(c->line.target, c->from) ||
	    table_parse(&c->table, c->line.params)) {
		say_error("%s: a mapping of %s, not of %s", c->name,
			  c->line.target, c->from);
		return -EINVAL;
	}
	if (c->state.suspended) {
		say_error("%s: is suspended; resume it before", c->name);
		return -EBUSY;
	}
	if (table_option(&c->table, "integrity")) {
		say_error("%s: has checksums of each sector, which ksm has not",
			  c->name);
		return -ENOTSUP;
	}
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* dm-crypt shows keys that were given in hex digits. */
static int key_of_digits(struct conversion *c)
{
	const char *digits = c->table.key;
	size_t size = strlen(digits) / 2, i;
	int err = secret_alloc(&c->key, size);

	for (i = 0; !err && i < size; i++) {
		int high = digit(digits[2 * i]), low = digit(digits[2 * i + 1]);

		if (high < 0 || low < 0) {
			say_error("%s: a key that is not understood", c->name);
			err = -EINVAL;
		}
		c->key.bytes[i] = high << 4 | low;
	}
	return err;
}

/*
 * A key in a keyring has gone with the program that put it there. Memory is not locked while
 * a keyslot is opened: there is no key yet, and it may take a GiB.
 */
static int key_of_volume(struct conversion *c, const struct options *o,
			 const char *given)
{
	struct options options = *o;
	char device[PATH_MAX];
	struct volume volume;
	int err;

	memory_unlock();
	if (!strncmp(c->state.uuid, "CRYPT-PLAIN-", 12))
		options.type = "plain";
	err = given ? 0 : device_path(c->table.device, device, sizeof(device));
	err = err ?: volume_unlock(&volume, &options, given ?: device, false);
	if (err)
		return err;
	err = memory_lock();
	if (err) {
		volume_free(&volume);
		return err;
	}
	if (identity_is(c->state.uuid, &volume) &&
	    volume.offset == c->table.offset &&
	    volume.iv_offset == c->table.iv_offset &&
	    !strcmp(volume.cipher, c->table.cipher)) {
		c->key = volume.key;
		memcpy(c->key_name, volume.key_name, sizeof(c->key_name));
		return 0;
	}
	volume_free(&volume);
	say_error("%s: is a mapping of another volume than this one", c->name);
	return -EINVAL;
}

/* The same table for another target. What only that one knows is left out. */
static int line_for(const struct conversion *c, const char *target,
		    const char *key, struct dm_line *line)
{
	char options[256] = "";
	int count = 0, len = 0, i;

	for (i = 0; i < c->table.option_count; i++) {
		if (!strncmp(c->table.options[i], "hw:", 3))
			continue;
		len += snprintf(options + len, sizeof(options) - len, " %s",
				c->table.options[i]);
		if (len >= (int)sizeof(options))
			return say_errno(E2BIG, "%s: options", c->name);
		count++;
	}
	if (!strcmp(target, "ksm")) {
		/* What it had, if that is put back. */
		const char *hw = table_option(&c->table, "hw") ?: c->hw;

		len += snprintf(options + len, sizeof(options) - len, " hw:%s",
				hw);
		count++;
	}
	snprintf(line->target, sizeof(line->target), "%s", target);
	line->start = 0;
	line->length = c->line.length;
	if (asprintf(&line->params, "%s %s %llu %s %llu %d%s", c->table.cipher,
		     key, (unsigned long long)c->table.iv_offset,
		     c->table.device, (unsigned long long)c->table.offset,
		     count, options) < 0) {
		line->params = NULL;
		return say_errno(ENOMEM, "a table");
	}
	return 0;
}

/*
 * A passphrase may have taken its time, and somebody may have resized or suspended the mapping, or
 * made another one by this name: none of that is undone.
 */
static int check_unchanged(const struct conversion *c)
{
	struct dm_line line = { .params = NULL };
	struct dm_state state;
	int err = dm_get_state(c->name, &state);
	bool same;

	if (err == -ENODEV)
		say_error("%s: no such mapping any more", c->name);
	err = err ?: dm_get_line(c->name, false, &line);
	if (err)
		return err;
	same = dm_same_state(&state, &c->state) &&
	       line.length == c->line.length &&
	       !strcmp(line.target, c->line.target) &&
	       !strcmp(line.params, c->line.params);
	dm_free_line(&line);
	if (same)
		return 0;
	say_error("%s: was changed by somebody meanwhile; try again", c->name);
	return -EBUSY;
}

/* A table that somebody loaded after us would have taken the place of ours. */
static int check_converted(const struct conversion *c)
{
	struct dm_line now;
	int err = dm_get_line(c->name, true, &now);

	if (err)
		return err;
	if (strcmp(now.target, c->to) || now.length != c->line.length) {
		say_error(
			"%s: is a mapping of %s with %llu sectors, as somebody changed it meanwhile",
			c->name, now.target, (unsigned long long)now.length);
		err = -EBUSY;
	}
	dm_free_line(&now);
	return err;
}

/*
 * Whether the old table can be loaded or not, something is resumed: if the other one did not
 * even get in its place, the old one is still there.
 */
static void roll_back(const struct conversion *c, const struct dm_line *old)
{
	struct dm_line now;

	dm_load(c->name, c->state.readonly, old);
	if (dm_resume(c->name))
		say_error("%s: is suspended, its I/O waits; dmsetup resume %s",
			  c->name, c->name);
	else if (!dm_get_line(c->name, true, &now)) {
		say_error("%s: is a mapping of %s%s", c->name, now.target,
			  strcmp(now.target, c->from) ? "" : ", as before");
		dm_free_line(&now);
	}
}

/* With the other table loaded. If that fails to start, what was there before goes on. */
static int swap(const struct conversion *c, const struct dm_line *old)
{
	int err;

	message_hold();
	/* Again, with the table loaded: a change after this one would replace that. */
	err = check_unchanged(c) ?: dm_suspend(c->name);
	if (err) {
		dm_clear(c->name);
	} else {
		err = dm_resume(c->name);
		if (err)
			roll_back(c, old);
		else
			err = check_converted(c);
	}
	message_release();
	return err;
}

static int convert(struct conversion *c)
{
	struct dm_line old = { .params = NULL }, new = { .params = NULL };
	/* What is put back is what was there, be it with a key in hex digits. */
	const struct dm_line *was = *c->table.key == ':' ? &old : &c->line;
	struct secret_ref ref;
	sigset_t before;
	int err = secret_publish(&c->key, c->key_name, &ref);

	if (err)
		return err;
	err = line_for(c, c->from, ref.text, &old) ?:
		      line_for(c, c->to, ref.text, &new);
	if (!err) {
		without_signals(&before);
		err = check_unchanged(c)				  ?:
			      compare_with(c->name, c->back ? &new : was) ?:
			      dm_load(c->name, c->state.readonly, &new)	  ?:
			      swap(c, was);
		with_signals(&before);
	}
	secret_withdraw(&ref);
	dm_free_line(&old);
	dm_free_line(&new);
	return err;
}

/* With a key in the table, nothing is unlocked, whatever the user believes. */
static int refuse_unlocking(const struct conversion *c, const struct options *o,
			    const char *given)
{
	if (given) {
		say_error(
			"%s: its table has the key, so there is nothing to unlock on %s",
			c->name, given);
		return -EINVAL;
	}
	return options_refuse(o, OPTIONS_OF_UNLOCKING " " OPTIONS_OF_PLAIN,
			      "a mapping whose key is in its table");
}

/* convert NAME [DEVICE] */
int mapping_convert(const struct options *o, char **words)
{
	struct conversion c = {
		.name = words[0],
		.from = o->back ? "ksm" : "crypt",
		.to = o->back ? "crypt" : "ksm",
		.hw = o->hw,
		.back = o->back,
	};
	/* dm-crypt's table may have the key. */
	int err = o->back ? options_refuse(o, "hw", "convert --back") : 0;

	err = err ?: memory_lock() ?: look(&c);
	if (!err && *c.table.key != ':' && !o->back)
		err = refuse_unlocking(&c, o, words[1]) ?: key_of_digits(&c);
	else if (!err)
		err = key_of_volume(&c, o, words[1]);
	err = err ?: convert(&c);
	secret_free(&c.key);
	dm_free_line(&c.line);
	/* It had the same. */
	explicit_bzero(&c.table, sizeof(c.table));
	if (!err)
		say("%s: is a mapping of %s now", c.name, c.to);
	return err;
}
