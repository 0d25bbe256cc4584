// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands open, close, suspend, resume. All return 0 or a negative errno, and
 * have said why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "dm.h"
#include "identity.h"
#include "luks.h"
#include "mapping.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "secret.h"
#include "signals.h"
#include "table.h"
#include "volume.h"

/* The mapping is there, whatever happens here. */
static void say_path(const char *name)
{
	struct dm_line table_line = { .params = NULL };
	struct dm_line status_line = { .params = NULL };
	struct table table;
	struct status status;

	if (!dm_get_line(name, false, &table_line) &&
	    !dm_get_line(name, true, &status_line) &&
	    !table_parse(&table, table_line.params) &&
	    !status_parse(&status, status_line.params))
		say("%s: %s: %s (%s)", name, status.path,
		    path_explain(&status, &table), status.engine);
	dm_free_line(&table_line);
	dm_free_line(&status_line);
}

/* Of ksm, or of dm-crypt, whose key has the name that cryptsetup gives it. */
static int make(const struct volume *v, const struct options *o,
		const char *name, bool ksm)
{
	struct dm_line line = { .params = NULL };
	struct secret_ref ref;
	char uuid[128];
	int err;

	snprintf(line.target, sizeof(line.target), "%s", ksm ? "ksm" : "crypt");
	err = secret_publish(&v->key, ksm ? "" : v->key_name, &ref);
	if (err)
		return err;
	identity_make(v, name, uuid, sizeof(uuid));
	err = table_make(v, ref.text, ksm ? o->hw : NULL, &line) ?:
		      dm_make(name, uuid, v->readonly, &line);
	secret_withdraw(&ref);
	dm_free_line(&line);
	return err;
}

/* Whatever keeps ksm from it, if that is what the user wants. Sets *KSM to which it is. */
static int make_either(const struct volume *v, const struct options *o,
		       const char *name, bool *ksm)
{
	int err = *ksm ? make(v, o, name, true) : -ENODEV;

	if (!err || !o->fallback)
		return err;
	*ksm = false;
	return make(v, o, name, false);
}

/* Nobody else may map it between the last look at it and that. */
static int make_unused(const struct volume *v, const struct options *o,
		       const char *name, bool *ksm)
{
	int lock = device_lock(v->number), err;
	sigset_t before;

	if (lock < 0)
		return lock;
	without_signals(&before);
	err = volume_check(v, o) ?: make_either(v, o, name, ksm);
	with_signals(&before);
	device_unlock(lock);
	return err;
}

static int open_volume(const struct volume *v, const struct options *o,
		       const char *name, bool ksm)
{
	int err = make_unused(v, o, name, &ksm);

	if (err)
		return err;
	if (v->readonly && !o->readonly)
		say("%s: is read-only, and so is the mapping", v->device);
	if (ksm)
		say_path(name);
	else
		say("%s: dm-crypt opened it instead of ksm", name);
	if (o->persistent && luks_keep_flags(o, v->device))
		say_error("%s: is open, but its flags could not be kept", name);
	return 0;
}

static int check_new(const char *name)
{
	struct dm_state state;
	int err = dm_get_state(name, &state);

	if (!err) {
		say_error("%s: exists already", name);
		return -EEXIST;
	}
	return err == -ENODEV ? 0 : err;
}

/* open DEVICE NAME */
int mapping_open(const struct options *o, char **words)
{
	const char *device = words[0], *name = words[1];
	struct volume volume;
	bool ksm = false;
	int err = 0;

	if (o->test_passphrase && o->persistent) {
		say_error("--persistent: not with --test-passphrase");
		return -EINVAL;
	}
	/* Before somebody types a passphrase in vain. */
	if (!o->test_passphrase) {
		err = check_new(name);
		if (err)
			return err;
		err = dm_check_target("ksm");
		ksm = !err;
		if (o->fallback)
			err = 0;
	}
	if (err)
		return err;
	err = volume_unlock(&volume, o, device, true);
	if (!err && !o->test_passphrase)
		err = open_volume(&volume, o, name, ksm);
	volume_free(&volume);
	return err;
}

/* The state of a mapping, and its target and status, but not its table, which may have a key. */
static int get_status(const char *name, struct dm_state *state,
		      struct dm_line *line)
{
	int err = dm_get_state(name, state);

	if (err == -ENODEV)
		say_error("%s: no such mapping", name);
	return err ?: dm_get_line(name, true, line);
}

/* Of one of ksm, its table. */
static int get_ksm(const char *name, struct dm_state *state,
		   struct table *table)
{
	struct dm_line line;
	int err = get_status(name, state, &line);
	bool ksm;

	if (err)
		return err;
	dm_free_line(&line);
	ksm = !strcmp(line.target, "ksm");
	err = ksm ? dm_get_line(name, false, &line) : 0;
	if (err)
		return err;
	if (!ksm || table_parse(table, line.params)) {
		say_error("%s: a mapping of %s, not of ksm", name, line.target);
		err = -EINVAL;
	}
	dm_free_line(&line);
	return err;
}

/* Of ksm, or of dm-crypt, to which it may have fallen back. */
static int check_closable(const char *name, struct dm_state *state)
{
	struct dm_line line;
	int err = get_status(name, state, &line);

	if (err)
		return err;
	if (strcmp(line.target, "ksm") && strcmp(line.target, "crypt")) {
		say_error("%s: a mapping of %s, not of ksm", name, line.target);
		err = -EINVAL;
	}
	dm_free_line(&line);
	return err;
}

/* close NAME */
int mapping_close(const struct options *o, char **words)
{
	struct dm_state state;
	int err = check_closable(words[0], &state);

	if (err)
		return err;
	if (state.open_count && !o->deferred) {
		say_error(
			"%s: is in use (by %d; --deferred closes it after the last)",
			words[0], state.open_count);
		return -EBUSY;
	}
	return dm_remove(words[0], o->deferred);
}

/* A wrong key would be found out by nobody. */
static int check_resumable(const char *name, const struct dm_state *state)
{
	if (!strncmp(state->uuid, "CRYPT-LUKS1-", 12) ||
	    !strncmp(state->uuid, "CRYPT-LUKS2-", 12))
		return 0;
	say_error(
		"%s: is no LUKS volume, so nothing tells a wrong passphrase, with which it would lose data when resumed; close it instead",
		name);
	return -ENOTSUP;
}

static int suspend(const char *name, const struct dm_state *state)
{
	int err = state->suspended ? 0 : dm_suspend(name);

	if (err)
		return err;
	err = dm_message(name, "key wipe");
	/* It does not use it any more, so there is no going on. */
	if (err)
		say_error(
			"%s: is suspended, but its key may still be in memory; ksmsetup resume %s",
			name, name);
	return err;
}

/* suspend NAME */
int mapping_suspend(const struct options *o, char **words)
{
	const char *name = words[0];
	struct dm_state state;
	struct table table;
	sigset_t before;
	int err = get_ksm(name, &state, &table)		?:
			  check_resumable(name, &state) ?:
							  memory_lock();

	(void)o;
	if (err)
		return err;
	without_signals(&before);
	message_hold();
	err = suspend(name, &state);
	message_release();
	with_signals(&before);
	return err;
}

/* The same volume as the one that was mapped? */
static int check_same(const struct volume *v, const struct dm_state *state,
		      const struct table *t, const char *name)
{
	if (identity_is(state->uuid, v) && v->offset == t->offset &&
	    v->iv_offset == t->iv_offset && !strcmp(v->cipher, t->cipher))
		return 0;
	say_error("%s: is a mapping of another volume than this one", name);
	return -EINVAL;
}

/* By ksm, or by dm-crypt. Who uses another name for the cipher, as dm-crypt may, means the same. */
static bool is_mapped(const struct volume *v, const struct dm_state *state,
		      const struct dm_line *line)
{
	struct table t;
	bool is = (!strcmp(line->target, "ksm") ||
		   !strcmp(line->target, "crypt")) &&
		  !table_parse(&t, line->params) &&
		  identity_is(state->uuid, v) && !strcmp(v->number, t.device) &&
		  v->offset == t.offset && v->iv_offset == t.iv_offset;

	/* dm-crypt's may have a key in it. */
	explicit_bzero(&t, sizeof(t));
	return is;
}

/**
 * mapping_check() - what is mapped already is this volume?
 * @options: as for volume_unlock()
 * @device: where the volume is
 * @name: of the mapping
 * @state: of the mapping
 *
 * Return: 0; -EEXIST, after having said so, if it is another one; or a negative errno.
 */
int mapping_check(const struct options *options, const char *device,
		  const char *name, const struct dm_state *state)
{
	struct dm_line line = { .params = NULL };
	struct volume volume;
	int err = volume_describe(&volume, options, device);
	bool is;

	if (err)
		return err;
	/* One of several targets, or without a table, is another one. */
	is = !dm_get_line(name, false, &line) &&
	     is_mapped(&volume, state, &line);
	dm_free_line(&line);
	if (is)
		return 0;
	say_error("%s: exists already, and is not a mapping of %s", name,
		  device);
	return -EEXIST;
}

/* What was suspended when a passphrase was asked for may be another one by now, or resumed. */
static int check_still(const struct volume *v, const struct dm_state *before,
		       const char *name)
{
	struct dm_state now;
	struct table table;
	int err = get_ksm(name, &now, &table);

	if (err)
		return err;
	if (dm_same_state(&now, before))
		return check_same(v, &now, &table, name);
	say_error(
		"%s: was changed by somebody meanwhile; nothing is done to it",
		name);
	return -EBUSY;
}

/* Nobody who suspended it would expect the key to be there. Once resumed, the target refuses. */
static void take_key_back(const char *name)
{
	struct dm_state state;

	if (dm_get_state(name, &state) || !state.suspended)
		return;
	if (!dm_message(name, "key wipe"))
		say_error("%s: is still suspended, without a key", name);
	else
		say_error(
			"%s: is still suspended, but its key may be in memory",
			name);
}

static int set_key(const struct volume *v, const struct dm_state *before,
		   const char *name)
{
	char text[SECRET_REF_SIZE + 16];
	struct secret_ref ref;
	sigset_t mask;
	int err = memory_lock() ?: secret_publish(&v->key, "", &ref);

	if (err)
		return err;
	snprintf(text, sizeof(text), "key set %s", ref.text);
	without_signals(&mask);
	message_hold();
	err = check_still(v, before, name);
	if (!err) {
		err = dm_message(name, text) ?: dm_resume(name);
		if (err)
			take_key_back(name);
	}
	secret_withdraw(&ref);
	message_release();
	with_signals(&mask);
	return err;
}

/* resume NAME [DEVICE] */
int mapping_resume(const struct options *o, char **words)
{
	const char *name = words[0];
	char device[PATH_MAX];
	struct dm_state state;
	struct table table;
	struct volume volume = { .key.bytes = NULL };
	int err = get_ksm(name, &state, &table);

	if (err)
		return err;
	if (!state.suspended) {
		say_error("%s: is not suspended", name);
		return -EINVAL;
	}
	err = check_resumable(name, &state);
	if (!err && !words[1])
		err = device_path(table.device, device, sizeof(device));
	err = err ?: volume_unlock(&volume, o, words[1] ?: device, false);
	err = err ?: check_same(&volume, &state, &table, name);
	err = err ?: set_key(&volume, &state, name);
	volume_free(&volume);
	if (!err)
		say_path(name);
	return err;
}
