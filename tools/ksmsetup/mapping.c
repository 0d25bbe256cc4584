// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands open, close, suspend, resume. All return 0 or a negative errno, and
 * have said why.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm.h"
#include "identity.h"
#include "mapping.h"
#include "message.h"
#include "path.h"
#include "secret.h"
#include "signals.h"
#include "table.h"
#include "volume.h"

static int say_path(const char *name)
{
	struct dm_line table_line, status_line;
	struct table table;
	struct status status;
	int err;

	err = dm_get_line(name, false, &table_line) ?:
		      dm_get_line(name, true, &status_line);
	if (err)
		return err;
	if (!table_parse(&table, table_line.params) &&
	    !status_parse(&status, status_line.params))
		say("%s: %s: %s (%s)", name, status.path,
		    path_explain(&status, &table), status.engine);
	dm_free_line(&table_line);
	dm_free_line(&status_line);
	return 0;
}

/* Of TARGET, "ksm" or "crypt". */
static int make(const struct volume *v, const struct options *o,
		const char *name, const char *target)
{
	struct dm_line line;
	struct secret_ref ref;
	sigset_t before;
	char uuid[128];
	int err;

	snprintf(line.target, sizeof(line.target), "%s", target);
	err = secret_publish(&v->key, &ref) ?:
					      table_make(v, ref.text,
				 strcmp(target, "ksm") ? NULL : o->hw, &line);
	if (err) {
		secret_withdraw(&ref);
		return err;
	}
	identity_make(v, name, uuid, sizeof(uuid));
	without_signals(&before);
	err = dm_make(name, uuid, o->readonly, &line);
	secret_withdraw(&ref);
	with_signals(&before);
	dm_free_line(&line);
	return err;
}

/* Whatever keeps ksm from it, if that is what the user wants. */
static int make_either(const struct volume *v, const struct options *o,
		       const char *name, bool ksm)
{
	int err = ksm ? make(v, o, name, "ksm") : -ENOENT;

	if (!err)
		return say_path(name);
	if (!o->fallback)
		return err;
	err = make(v, o, name, "crypt");
	if (!err)
		say("%s: dm-crypt opened it instead of ksm", name);
	return err;
}

static int check_new(const char *name)
{
	struct dm_state state;
	int err = dm_check_name(name) ?: dm_get_state(name, &state);

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
	int err = o->test_passphrase ? 0 : check_new(name);

	/* Before somebody types a passphrase in vain. */
	if (!err && !o->test_passphrase) {
		err = dm_check_target("ksm");
		ksm = !err;
		if (o->fallback)
			err = 0;
	}
	if (err)
		return err;
	err = volume_unlock(&volume, o, device, true);
	if (!err && !o->test_passphrase)
		err = make_either(&volume, o, name, ksm);
	volume_free(&volume);
	return err;
}

/* The state of a mapping of ksm, and its table. */
static int get_ksm(const char *name, struct dm_state *state,
		   struct table *table, struct dm_line *line)
{
	int err = dm_get_state(name, state);

	if (err == -ENODEV)
		say_error("%s: no such mapping", name);
	err = err ?: dm_get_line(name, false, line);
	if (err)
		return err;
	if (strcmp(line->target, "ksm") || table_parse(table, line->params)) {
		say_error("%s: a mapping of %s, not of ksm", name,
			  line->target);
		free(line->params);
		return -EINVAL;
	}
	return 0;
}

/* Of ksm, or of dm-crypt, to which it may have fallen back. */
static int check_closable(const char *name, struct dm_state *state)
{
	struct dm_line line;
	int err = dm_get_state(name, state);

	if (err == -ENODEV)
		say_error("%s: no such mapping", name);
	err = err ?: dm_get_line(name, false, &line);
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

/* suspend NAME */
int mapping_suspend(const struct options *o, char **words)
{
	const char *name = words[0];
	struct dm_state state;
	struct dm_line line;
	struct table table;
	sigset_t before;
	int err = get_ksm(name, &state, &table, &line);

	(void)o;
	if (err)
		return err;
	dm_free_line(&line);
	/* Nor has cryptsetup: a wrong passphrase would be found out by nobody. */
	if (!strncmp(state.uuid, "CRYPT-PLAIN-", 12)) {
		say_error(
			"%s: a plain volume has nothing that tells a wrong passphrase, with which it would lose data when resumed; close it instead",
			name);
		return -ENOTSUP;
	}
	without_signals(&before);
	if (!state.suspended)
		err = dm_suspend(name, true);
	if (!err) {
		err = dm_message(name, "key wipe");
		/* With its key it is as it was. */
		if (err && !state.suspended)
			dm_resume(name);
	}
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

static int set_key(const struct volume *v, const char *name)
{
	char text[SECRET_REF_SIZE + 16];
	struct secret_ref ref;
	sigset_t before;
	int err = secret_publish(&v->key, &ref);

	if (err)
		return err;
	snprintf(text, sizeof(text), "key set %s", ref.text);
	without_signals(&before);
	err = dm_message(name, text) ?: dm_resume(name);
	secret_withdraw(&ref);
	with_signals(&before);
	return err;
}

/* resume NAME [DEVICE] */
int mapping_resume(const struct options *o, char **words)
{
	const char *name = words[0];
	char device[PATH_MAX];
	struct dm_state state;
	struct dm_line line;
	struct table table;
	struct volume volume = { .key.bytes = NULL };
	int err = get_ksm(name, &state, &table, &line);

	if (err)
		return err;
	if (!state.suspended) {
		say_error("%s: is not suspended", name);
		dm_free_line(&line);
		return -EINVAL;
	}
	if (!strncmp(state.uuid, "CRYPT-PLAIN-", 12)) {
		say_error(
			"%s: a plain volume has nothing that tells a wrong passphrase; dmsetup message sets its key",
			name);
		dm_free_line(&line);
		return -ENOTSUP;
	}
	err = words[1] ? 0 : device_path(table.device, device, sizeof(device));
	err = err ?: volume_unlock(&volume, o, words[1] ?: device, false);
	err = err ?: check_same(&volume, &state, &table, name);
	err = err ?: set_key(&volume, name);
	volume_free(&volume);
	dm_free_line(&line);
	return err ?: say_path(name);
}
