// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command status, for people in cryptsetup's manner, and for programs. Neither
 * shows a key, nor what of it the kernel does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "dm.h"
#include "message.h"
#include "path.h"
#include "status.h"
#include "table.h"

/* All that there is to say of a mapping. */
struct view {
	const char *name;
	struct dm_state state;
	struct dm_line table_line, status_line;
	struct table table;
	struct status status;
};

static int look(struct view *v, const char *name)
{
	int err;

	memset(v, 0, sizeof(*v));
	v->name = name;
	err = dm_get_state(name, &v->state);
	/* The status first: a table of dm-crypt may have a key. */
	err = err ?: dm_get_line(name, true, &v->status_line);
	if (err)
		return err;
	if (strcmp(v->status_line.target, "ksm")) {
		say_error("%s: a mapping of %s, not of ksm", name,
			  v->status_line.target);
		return -EINVAL;
	}
	err = dm_get_line(name, false, &v->table_line);
	if (err)
		return err;
	if (table_parse(&v->table, v->table_line.params) ||
	    status_parse(&v->status, v->status_line.params)) {
		say_error(
			"%s: a table or status that this version does not understand",
			name);
		return -EINVAL;
	}
	return 0;
}

/* "LUKS2" of "CRYPT-LUKS2-...", or "unknown" */
static const char *type_of(const struct view *v, char *type, size_t size)
{
	const char *from = v->state.uuid, *to;

	if (strncmp(from, "CRYPT-", 6))
		return "unknown";
	from += 6;
	to = strchr(from, '-');
	if (!to || (size_t)(to - from) >= size)
		return "unknown";
	memcpy(type, from, to - from);
	type[to - from] = 0;
	return type;
}

static const char *sector_size_of(const struct view *v)
{
	return table_option(&v->table, "sector_size") ?: "512";
}

static void show(const struct view *v)
{
	char type[16];
	int i;

	printf("/dev/mapper/%s is active%s%s.\n", v->name,
	       v->state.open_count ? " and is in use" : "",
	       v->state.suspended ? ", suspended" : "");
	printf("  type:        %s\n", type_of(v, type, sizeof(type)));
	printf("  cipher:      %s\n", v->table.cipher);
	printf("  key:         %s\n", v->status.key_set ? "set" : "none");
	printf("  device:      %s\n", v->table.device);
	printf("  sector size: %s\n", sector_size_of(v));
	printf("  offset:      %llu sectors\n",
	       (unsigned long long)v->table.offset);
	printf("  size:        %llu sectors\n",
	       (unsigned long long)v->table_line.length);
	printf("  mode:        %s\n",
	       v->state.readonly ? "readonly" : "read/write");
	printf("  discards:    %s\n",
	       table_option(&v->table, "allow_discards") ? "yes" : "no");
	printf("  path:        %s, by %s\n", v->status.path, v->status.engine);
	printf("  hardware:    %s\n", path_explain(&v->status, &v->table));
	printf("  counters:   ");
	for (i = 0; i < v->status.count; i++)
		printf(" %s:%llu", v->status.names[i],
		       (unsigned long long)v->status.values[i]);
	printf("\n");
}

static void add_text(struct json_object *to, const char *name, const char *text)
{
	json_object_object_add(to, name, json_object_new_string(text));
}

static void add_number(struct json_object *to, const char *name, uint64_t value)
{
	json_object_object_add(to, name, json_object_new_int64(value));
}

static void add_truth(struct json_object *to, const char *name, bool value)
{
	json_object_object_add(to, name, json_object_new_boolean(value));
}

static void put_json(struct json_object *all)
{
	puts(json_object_to_json_string_ext(
		all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
}

static void show_inactive(const char *name, bool json)
{
	struct json_object *all;

	if (!json) {
		say("%s is inactive.", name);
		return;
	}
	all = json_object_new_object();
	add_text(all, "name", name);
	add_truth(all, "active", false);
	put_json(all);
}

static void show_json(const struct view *v)
{
	struct json_object *all = json_object_new_object(),
			   *counters = json_object_new_object();
	char type[16];
	int i;

	add_text(all, "name", v->name);
	add_truth(all, "active", true);
	add_text(all, "type", type_of(v, type, sizeof(type)));
	add_text(all, "uuid", v->state.uuid);
	add_text(all, "cipher", v->table.cipher);
	add_truth(all, "key_set", v->status.key_set);
	add_text(all, "device", v->table.device);
	add_number(all, "sector_size", strtoul(sector_size_of(v), NULL, 10));
	add_number(all, "offset_sectors", v->table.offset);
	add_number(all, "size_sectors", v->table_line.length);
	add_truth(all, "readonly", v->state.readonly);
	add_truth(all, "suspended", v->state.suspended);
	add_number(all, "open_count", v->state.open_count);
	add_truth(all, "allow_discards",
		  table_option(&v->table, "allow_discards"));
	add_text(all, "path", v->status.path);
	add_text(all, "engine", v->status.engine);
	add_text(all, "hw", v->status.why);
	add_text(all, "hw_text", path_explain(&v->status, &v->table));
	for (i = 0; i < v->status.count; i++)
		add_number(counters, v->status.names[i], v->status.values[i]);
	json_object_object_add(all, "counters", counters);
	put_json(all);
}

/* status NAME */
int mapping_status(const struct options *o, char **words)
{
	struct view view;
	int err = look(&view, words[0]);

	if (err == -ENODEV && !view.status_line.params)
		show_inactive(words[0], o->json);
	if (!err && o->json)
		show_json(&view);
	else if (!err)
		show(&view);
	dm_free_line(&view.table_line);
	dm_free_line(&view.status_line);
	return err;
}
