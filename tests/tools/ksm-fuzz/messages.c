// SPDX-License-Identifier: GPL-2.0-only
/* Messages: written, read a second time, given to the kernel. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "arena.h"
#include "calls.h"
#include "causes.h"
#include "chance.h"
#include "findings.h"
#include "fuzz.h"
#include "lines.h"
#include "mappings.h"
#include "messages.h"
#include "oracle_keys.h"
#include "parse.h"
#include "words.h"

static struct target *target_at(struct name *n, uint64_t sector)
{
	unsigned int i;

	for (i = 0; i < n->active.nr; i++)
		if (sector - n->active.t[i].begin < n->active.t[i].len)
			return &n->active.t[i];
	return NULL;
}

static void read_key_set(const struct target *t, const char *key,
			 struct expect *e)
{
	unsigned int size;
	uint64_t wrong = key_wrong(key, &size);

	e->must |= wrong;
	if (size == t->key_size)
		return;
	if (!wrong)
		e->must |= BIT(SET_SIZE);
	else if (wrong & (BIT(KEY_HEX) | BIT(KEY_REVOKED) | BIT(KEY_NOT_FOUND) |
			  BIT(KEY_RING_SIZE)))
		e->may |= BIT(SET_SIZE);
}

/* What is wrong with a message; @key is set to the key if it sets one. */
static void read_message(const struct name *n, const struct target *t,
			 unsigned int nr, char **words, struct expect *e,
			 const char **key)
{
	bool set = nr == 3 && !strcasecmp(words[0], "key") &&
		   !strcasecmp(words[1], "set");
	bool wipe = nr == 2 && !strcasecmp(words[0], "key") &&
		    !strcasecmp(words[1], "wipe");

	*key = NULL;
	if (!nr)
		e->must |= BIT(EMPTY_MESSAGE);
	else if (!n->active.nr)
		e->may |= BIT(NO_TABLE);
	else if (!t)
		e->must |= BIT(OUTSIDE);
	else if (t->linear || t->other)
		e->must |= BIT(NO_MESSAGES);
	else if (!set && !wipe)
		e->must |= BIT(WORDS);
	else if (!n->suspended)
		e->must |= BIT(LIVE);
	else if (set)
		read_key_set(t, *key = words[2], e);
}

static void write_message(const struct target *t, char *line)
{
	struct words words = { 0 };
	bool damaged = one_in(2);
	unsigned int n;

	add(&words, word("%s", one_in(16) ? "KEY" : "key"));
	if (one_in(3)) {
		add(&words, word("wipe"));
	} else {
		add(&words, word("%s", one_in(16) ? "Set" : "set"));
		add(&words, good_key(t && t->key_size ? t->key_size : 32));
	}
	if (damaged)
		for (n = below(3); n && words.nr > 1; n--) {
			if (words.nr == 3 && one_in(2))
				words.w[2] = strange_key();
			else
				damage_words(&words, false);
		}
	join(&words, line);
	if (damaged && one_in(4))
		damage_bytes(line);
	/* What begins so is for device mapper itself, which shows it in the log. */
	for (; *line; line++)
		if (*line == '@')
			*line = 'A';
}

static int call_message(const struct name *n, uint64_t sector, const char *line)
{
	struct dm_ioctl *io = call_begin(n->name);
	struct dm_target_msg *msg = (void *)(buf + sizeof(*io));

	msg->sector = sector;
	memcpy(msg + 1, line, strlen(line) + 1);
	io->data_size = sizeof(*io) + sizeof(*msg) + strlen(line) + 1;
	return call(DM_TARGET_MSG, io);
}

void do_message(unsigned int self)
{
	static char line[LINE_MAX], copy[LINE_MAX];
	uint64_t sector = one_in(4) ? below(4096) : 0;
	struct name *n = &names[self];
	struct expect e = { 0 };
	char *words[MAX_WORDS];
	const char *key;
	struct target *t;
	unsigned int nr;
	int error;

	if (one_in(32))
		sector = rnd();
	t = target_at(n, sector);
	clear_arena();
	write_message(t, line);
	strcpy(copy, line);
	nr = split(copy, words);
	read_message(n, t, nr, words, &e, &key);
	step("message %s %ju %s", n->name, (uintmax_t)sector, line);
	error = call_message(n, sector, line);
	given++;
	look();
	stats[error ? STAT_MESSAGE_REFUSED : STAT_MESSAGE_ACCEPTED]++;
	if (!judge(&e, error) || !t || e.must)
		return;
	if (key)
		keep_key(t, key);
	else
		t->has_key = false;
}
