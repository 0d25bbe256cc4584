// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/ksm_core/NAME/{caps,slots,stats}. Keys are shown by number.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "keyslot.h"

static struct dentry *ksm_debugfs_root;

static int caps_show(struct seq_file *m, void *v)
{
	struct ksm *ksm = m->private;
	struct ksm_caps caps;
	int i;

	ksm_get_caps(ksm, &caps);
	seq_printf(m, "slots %u\ndun_bytes %u\n", ksm->num_slots,
		   caps.max_dun_bytes);
	for (i = 0; i < KSM_MODE_COUNT; i++) {
		if (caps.data_unit_sizes[i])
			seq_printf(m, "%s %u\n", ksm_mode_get(i)->name,
				   caps.data_unit_sizes[i]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(caps);

/* A slot in use that is "closed" is to be given to somebody else. */
static int slots_show(struct seq_file *m, void *v)
{
	struct ksm *ksm = m->private;
	const struct ksm_key *key;
	unsigned int i;
	int refs;

	mutex_lock(&ksm->lock);
	for (i = 0; i < ksm->num_slots; i++) {
		key = ksm->slot_keys[i].key;
		refs = atomic_read(&ksm->slots[i].refs);
		seq_printf(m, "%u", i);
		if (key)
			seq_printf(m, " key:%llu %s %u", key->id,
				   key->mode->name, key->data_unit_size);
		else
			seq_puts(m, " empty");
		seq_printf(m, " refs:%d%s\n",
			   refs < 0 ? refs - KSM_CLOSED : refs,
			   refs < 0 ? " closed" : "");
	}
	mutex_unlock(&ksm->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(slots);

static int stats_show(struct seq_file *m, void *v)
{
	struct ksm *ksm = m->private;
	struct ksm_stats s;

	mutex_lock(&ksm->lock);
	s = ksm->stats;
	mutex_unlock(&ksm->lock);
	seq_printf(m, "programs %llu\nprogram_errors %llu\n", s.programs,
		   s.program_errors);
	seq_printf(m, "evicts %llu\nevict_errors %llu\n", s.evicts,
		   s.evict_errors);
	seq_printf(m, "waits %llu\nreprograms %llu\n", s.waits, s.reprograms);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/**
 * ksm_debugfs_add() - show a keyslot manager
 * @ksm: the keyslot manager
 */
void ksm_debugfs_add(struct ksm *ksm)
{
	struct dentry *dir = debugfs_create_dir(ksm->name, ksm_debugfs_root);

	ksm->debugfs = dir;
	debugfs_create_file("caps", 0400, dir, ksm, &caps_fops);
	debugfs_create_file("slots", 0400, dir, ksm, &slots_fops);
	debugfs_create_file("stats", 0400, dir, ksm, &stats_fops);
}

/**
 * ksm_debugfs_remove() - do not show it any more
 * @ksm: the keyslot manager
 *
 * Waits for readers.
 */
void ksm_debugfs_remove(struct ksm *ksm)
{
	debugfs_remove_recursive(ksm->debugfs);
}

/**
 * ksm_debugfs_init() - make the folder, when the module is loaded
 */
void ksm_debugfs_init(void)
{
	ksm_debugfs_root = debugfs_create_dir("ksm_core", NULL);
}

/**
 * ksm_debugfs_exit() - remove it
 */
void ksm_debugfs_exit(void)
{
	debugfs_remove_recursive(ksm_debugfs_root);
}
