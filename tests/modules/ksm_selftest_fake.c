// SPDX-License-Identifier: GPL-2.0-only
/*
 * A provider without hardware. It records what it is asked to do, fails when it
 * is told to, and watches the promises that hold for every call.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <bio_disk.h>

#include "ksm_selftest.h"
#include "ksm_selftest_disk.h"

static LIST_HEAD(fakes);
static DEFINE_MUTEX(fakes_lock);

static void note(struct fake *f, char op, unsigned int slot)
{
	char *end = f->log + f->log_len;

	spin_lock_irq(&f->lock);
	if (slot == KSM_NO_SLOT)
		f->log_len +=
			scnprintf(end, ST_LOG_SIZE - f->log_len, "%c- ", op);
	else
		f->log_len += scnprintf(end, ST_LOG_SIZE - f->log_len, "%c%u ",
					op, slot);
	spin_unlock_irq(&f->lock);
}

/* What is true of every call of program and evict. */
static void begin(struct fake *f, const char *op)
{
	might_sleep();
	if (READ_ONCE(f->dead))
		st_fail("%s called after ksm_destroy()", op);
	if (atomic_inc_return(&f->busy) != 1)
		st_fail("%s called while another operation runs", op);
	/* The provider asks for reprogramming itself, when it may be done. */
	if (!(atomic_read(&f->reprogramming) & 1) &&
	    atomic_read(&f->holds) <= atomic_read(&f->releases))
		st_fail("%s called without hold", op);
}

static void wait_at_gate(struct fake *f, unsigned int slot)
{
	if (!READ_ONCE(f->gated) || f->gate_slot != slot)
		return;
	complete(&f->gate_entered);
	if (!wait_for_completion_timeout(&f->gate, ST_TIMEOUT))
		st_fail("nobody opens the gate");
}

static bool unlucky(struct fake *f)
{
	unsigned int one_in = READ_ONCE(f->random_errors);

	return one_in && get_random_u32() % one_in == 0;
}

static int fake_program(struct ksm *ksm, const struct ksm_key *key,
			unsigned int slot)
{
	struct fake *f = ksm_priv(ksm);
	int err;

	begin(f, "program");
	if (slot >= f->num_slots) {
		st_fail("program: there is no slot %u", slot);
		atomic_dec(&f->busy);
		return -EINVAL;
	}
	note(f, 'p', slot);
	atomic_inc(&f->programs);
	/* Half-written hardware holds neither the old key nor the new one. */
	spin_lock_irq(&f->lock);
	if (f->users[slot] && f->user_key[slot] != key->id)
		st_fail("key %llu is programmed over slot %u, in use by %llu",
			key->id, slot, f->user_key[slot]);
	if (!f->users[slot])
		WRITE_ONCE(f->hw[slot], 0);
	spin_unlock_irq(&f->lock);
	wait_at_gate(f, slot);
	err = f->program_err[slot];
	if (!err && unlucky(f))
		err = -EIO;
	spin_lock_irq(&f->lock);
	if (err && f->users[slot])
		f->lost++;
	WRITE_ONCE(f->hw[slot], err ? 0 : key->id);
	spin_unlock_irq(&f->lock);
	atomic_dec(&f->busy);
	return err;
}

static int fake_evict(struct ksm *ksm, const struct ksm_key *key,
		      unsigned int slot)
{
	struct fake *f = ksm_priv(ksm);
	int err = f->evict_err;

	begin(f, "evict");
	note(f, 'e', slot);
	atomic_inc(&f->evicts);
	wait_at_gate(f, slot);
	if (slot < f->num_slots) {
		spin_lock_irq(&f->lock);
		/* Once all disks have gone, who has a slot cannot use it. */
		if (f->users[slot] && !atomic_read(&f->destroyed))
			st_fail("slot %u is evicted while it is in use", slot);
		if (f->hw[slot] != key->id)
			st_fail("evict: slot %u has key %llu, not %llu", slot,
				f->hw[slot], key->id);
		WRITE_ONCE(f->hw[slot], 0);
		spin_unlock_irq(&f->lock);
	} else if (slot != KSM_NO_SLOT || f->num_slots) {
		st_fail("evict: there is no slot %u", slot);
	}
	if (!err && unlucky(f))
		err = -EIO;
	atomic_dec(&f->busy);
	return err;
}

static int fake_hold(struct ksm *ksm)
{
	struct fake *f = ksm_priv(ksm);

	might_sleep();
	if (READ_ONCE(f->dead))
		st_fail("hold called after ksm_destroy()");
	if (f->hold_err)
		return f->hold_err;
	atomic_inc(&f->holds);
	return 0;
}

static void fake_release(struct ksm *ksm)
{
	struct fake *f = ksm_priv(ksm);

	might_sleep();
	if (READ_ONCE(f->dead))
		st_fail("release called after ksm_destroy()");
	if (atomic_inc_return(&f->releases) > atomic_read(&f->holds))
		st_fail("released more often than held");
}

static const struct ksm_ops fake_ops = {
	.program = fake_program,
	.evict = fake_evict,
	.hold = fake_hold,
	.release = fake_release,
};

/**
 * fake_config() - the configuration of a fake's keyslot manager
 * @f: the fake
 * @config: filled in: AES-256-XTS with units of 512 and 4096 bytes
 */
void fake_config(struct fake *f, struct ksm_config *config)
{
	memset(config, 0, sizeof(*config));
	config->name = f->name;
	config->ops = &fake_ops;
	config->owner = THIS_MODULE;
	config->num_slots = f->num_slots;
	config->caps.data_unit_sizes[KSM_MODE_AES_256_XTS] = 512 | 4096;
	config->caps.max_dun_bytes = 8;
	config->priv = f;
}

/*
 * Gets a reference, by way of a disk that nobody ever sees: tests go on after
 * ksm_destroy(), and threads that hang are to survive it.
 */
static bool fake_keep(struct fake *f)
{
	struct gendisk *disk = compat_blk_alloc_disk();
	int err;

	if (IS_ERR(disk)) {
		st_fail("no disk: %ld", PTR_ERR(disk));
		return false;
	}
	err = ksm_register(f->ksm, disk);
	if (err) {
		st_fail("ksm_register: %d", err);
	} else {
		f->kept = ksm_get(disk->part0);
		st_true(f->kept == f->ksm);
		ksm_unregister(f->ksm, disk);
	}
	put_disk(disk);
	return f->kept;
}

/**
 * fake_new() - a provider, and keys
 * @num_slots: its slots
 *
 * Return: the fake, or NULL; then the test has failed.
 */
struct fake *fake_new(unsigned int num_slots)
{
	static atomic_t serial;
	struct ksm_config config;
	struct fake *f;
	u8 raw[64];
	int i;

	f = kvzalloc(sizeof(*f), GFP_KERNEL);
	if (!f) {
		st_fail("no memory");
		return NULL;
	}
	INIT_LIST_HEAD(&f->list);
	spin_lock_init(&f->lock);
	init_completion(&f->gate_entered);
	init_completion(&f->gate);
	f->num_slots = num_slots;
	snprintf(f->name, sizeof(f->name), "selftest%d",
		 atomic_inc_return(&serial));
	for (i = 0; i < ST_KEYS; i++) {
		memset(raw, i, sizeof(raw));
		raw[0] = i >> 8;
		st_is(ksm_key_init(&f->key[i],
				   ksm_mode_get(KSM_MODE_AES_256_XTS), raw,
				   sizeof(raw), 4096, 8),
		      0);
	}
	fake_config(f, &config);
	f->ksm = ksm_create(&config);
	if (IS_ERR(f->ksm)) {
		st_fail("ksm_create: %ld", PTR_ERR(f->ksm));
		f->ksm = NULL;
		fake_free(f);
		return NULL;
	}
	mutex_lock(&fakes_lock);
	list_add(&f->list, &fakes);
	mutex_unlock(&fakes_lock);
	if (!fake_keep(f)) {
		fake_free(f);
		return NULL;
	}
	return f;
}

/**
 * fake_new_disk() - a provider that is registered for a disk
 * @num_slots: its slots
 *
 * Return: the fake, or NULL; then the test has failed.
 */
struct fake *fake_new_disk(unsigned int num_slots)
{
	struct fake *f = fake_new(num_slots);

	if (f && !fake_add_disk(f)) {
		fake_free(f);
		return NULL;
	}
	return f;
}

/**
 * fake_add_disk() - make a disk and register a fake's keyslot manager for it
 * @f: the fake
 *
 * Return: whether that worked; else the test has failed.
 */
bool fake_add_disk(struct fake *f)
{
	struct gendisk *disk = st_disk_new();
	int err;

	if (!disk)
		return false;
	err = ksm_register(f->ksm, disk);
	if (err) {
		st_fail("ksm_register: %d", err);
		st_disk_free(disk);
		return false;
	}
	f->disk = disk;
	return true;
}

/* No disk any more; what is attached there is waited for. */
void fake_drop_disk(struct fake *f)
{
	if (!f->disk)
		return;
	ksm_unregister(f->ksm, f->disk);
	st_disk_free(f->disk);
	f->disk = NULL;
}

/**
 * fake_destroy() - destroy a fake's keyslot manager, if that was not done yet
 * @f: the fake
 */
void fake_destroy(struct fake *f)
{
	if (!f->ksm || atomic_xchg(&f->destroyed, 1))
		return;
	ksm_destroy(f->ksm);
	WRITE_ONCE(f->dead, true);
}

/* The last help for a test that hangs. */
void fake_destroy_all(void)
{
	struct fake *f;

	mutex_lock(&fakes_lock);
	list_for_each_entry(f, &fakes, list)
		fake_destroy(f);
	mutex_unlock(&fakes_lock);
}

/**
 * fake_free() - destroy everything, and see whether all is as it should be
 * @f: the fake, or NULL
 */
void fake_free(struct fake *f)
{
	unsigned int i;

	if (!f)
		return;
	fake_drop_disk(f);
	fake_destroy(f);
	st_is(atomic_read(&f->holds), atomic_read(&f->releases));
	st_is(atomic_read(&f->busy), 0);
	for (i = 0; i < f->num_slots && i < KSM_MAX_SLOTS; i++) {
		if (f->hw[i])
			st_fail("slot %u still has a key at the end", i);
	}
	mutex_lock(&fakes_lock);
	list_del(&f->list);
	mutex_unlock(&fakes_lock);
	if (f->kept)
		ksm_put(f->kept);
	for (i = 0; i < ST_KEYS; i++)
		ksm_key_destroy(&f->key[i]);
	kvfree(f);
}

/**
 * fake_log_is() - look at the calls since this was last called
 * @f: the fake
 * @expected: "p0 e1 " if it was programming slot 0 and evicting from slot 1
 *
 * Return: whether it was so; else the test has failed.
 */
bool fake_log_is(struct fake *f, const char *expected)
{
	bool same;

	spin_lock_irq(&f->lock);
	same = !strcmp(f->log, expected);
	if (!same)
		st_fail("calls: expected \"%s\", got \"%s\"", expected, f->log);
	f->log[0] = '\0';
	f->log_len = 0;
	spin_unlock_irq(&f->lock);
	return same;
}

/* Whether a slot was got, and the hardware has the key there. */
bool fake_has(struct fake *f, int slot, int key)
{
	if (slot < 0 || slot >= f->num_slots) {
		st_fail("key %d: expected a slot, got %d", key, slot);
		return false;
	}
	if (READ_ONCE(f->hw[slot]) != f->key[key].id) {
		st_fail("slot %d: expected key %llu, has %llu", slot,
			f->key[key].id, READ_ONCE(f->hw[slot]));
		return false;
	}
	return true;
}

bool fake_has_nowhere(struct fake *f, int key)
{
	unsigned int i;

	for (i = 0; i < f->num_slots; i++) {
		if (READ_ONCE(f->hw[i]) == f->key[key].id) {
			st_fail("key %d is still in slot %u", key, i);
			return false;
		}
	}
	return true;
}

/* From now on, nothing but this key may be programmed there. */
void fake_use(struct fake *f, int slot, const struct ksm_key *key)
{
	spin_lock_irq(&f->lock);
	if (f->users[slot] && f->user_key[slot] != key->id)
		st_fail("slot %d: got for key %llu while %llu uses it", slot,
			key->id, f->user_key[slot]);
	f->users[slot]++;
	f->user_key[slot] = key->id;
	spin_unlock_irq(&f->lock);
}

void fake_unuse(struct fake *f, int slot)
{
	spin_lock_irq(&f->lock);
	f->users[slot]--;
	spin_unlock_irq(&f->lock);
}

/* Programs everything again though nothing was forgotten. */
int fake_reprogram(struct fake *f)
{
	int err;

	atomic_inc(&f->reprogramming);
	err = ksm_reprogram_all(f->ksm);
	atomic_inc(&f->reprogramming);
	return err;
}

/* As after a reset: the hardware has forgotten everything. */
int fake_reset(struct fake *f)
{
	unsigned int i;

	for (i = 0; i < f->num_slots; i++)
		WRITE_ONCE(f->hw[i], 0);
	return fake_reprogram(f);
}

/* Puts a slot, unless getting it failed. */
void fake_put(struct fake *f, int slot)
{
	if (slot >= 0 && slot < f->num_slots)
		ksm_slot_put(f->ksm, slot);
}
