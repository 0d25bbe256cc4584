// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands attach and detach: what is there already, or has gone already, is as it
 * should be.
 */
#include <errno.h>
#include <string.h>

#include "attach.h"
#include "dm.h"
#include "engine.h"
#include "mapping.h"
#include "message.h"
#include "tab.h"

/* Whoever made it, root in the initramfs for example; but nobody may take another for it. */
static int check_attached(const struct tab_entry *e,
			  const struct dm_state *state)
{
	int err = mapping_check(&e->options, e->path, e->name, state);

	if (!err)
		say_verbosely("%s: is there already", e->name);
	return err;
}

/* attach NAME */
int tab_attach(const struct options *o, char **words)
{
	/* Large, and there is only one. */
	static struct tab_entry entry;
	char *open_words[] = { entry.path, words[0] };
	struct dm_state state;
	int err = tab_find(o->tab ?: TAB_FILE, words[0], &entry) ?:
			  dm_get_state(words[0], &state);

	if (!err)
		return check_attached(&entry, &state);
	if (err != -ENODEV)
		return err;
	if (o->askpass)
		entry.options.askpass = o->askpass;
	entry.options.ask_instead = true;
	err = strcmp(entry.options.hw, "off") ? engine_wait(entry.path) : 0;
	err = err ?: mapping_open(&entry.options, open_words);
	/* Who boots gives up after a wrong passphrase, and tries again after anything else. */
	return err == -EPERM ? -EACCES : err;
}

/* detach NAME */
int tab_detach(const struct options *o, char **words)
{
	struct dm_state state;
	int err = dm_get_state(words[0], &state);

	if (err)
		return err == -ENODEV ? 0 : err;
	return mapping_close(o, words);
}
