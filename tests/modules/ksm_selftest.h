/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_selftest: tests of ksm_core from inside the kernel. The parts: main.c runs
 * tests, fake.c is a provider without hardware, disk.c a disk without a medium; the
 * others are the tests.
 */
#ifndef _KSM_SELFTEST_H
#define _KSM_SELFTEST_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <ksm/keyslot.h>

/* What should happen at once may take this long on a busy emulator. */
#define ST_TIMEOUT  (60 * HZ)
#define ST_KEYS	    (KSM_MAX_SLOTS + 1)
#define ST_LOG_SIZE 256

struct bio_vec;
struct gendisk;
struct task_struct;

/**
 * struct st_test - a test
 * @name: its name
 * @run: runs it, in a thread of its own; says st_fail() as often as it likes
 */
struct st_test {
	const char *name;
	void (*run)(void);
};

/* Ended by one without a name. */
extern const struct st_test st_slot_tests[];
extern const struct st_test st_wait_tests[];
extern const struct st_test st_context_tests[];
extern const struct st_test st_submit_tests[];
extern const struct st_test st_rival_tests[];
extern const struct st_test st_stress_tests[];

__printf(1, 2) void st_fail(const char *fmt, ...);
bool st_failed(void);
bool st_check(const char *func, int line, const char *what, s64 got,
	      s64 expected);

/* Whether a value is as expected; says so if not. */
#define st_is(got, expected) \
	st_check(__func__, __LINE__, #got, (s64)(got), (s64)(expected))
#define st_true(cond) st_is(!!(cond), true)

/**
 * struct st_thread - a thread that a test waits for
 * @fn: what it does
 * @arg: for @fn
 * @task: the thread
 * @entered: @fn has been called
 * @done: @fn has returned
 */
struct st_thread {
	void (*fn)(void *arg);
	void *arg;
	struct task_struct *task;
	bool entered;
	struct completion done;
};

bool st_start(struct st_thread *t, void (*fn)(void *arg), void *arg);
bool st_asleep(struct st_thread *t);
bool st_ended(struct st_thread *t);
void st_join(struct st_thread *t);

/* Some jiffies pass: what was used before counts as older. */
void st_tick(void);

/**
 * struct fake - a provider without hardware, and keys to use with it
 * @ksm: its keyslot manager
 * @kept: the same, with a reference
 * @name: that one's name
 * @list: all fakes
 * @num_slots: slots
 * @disk: the disk that it is registered for, if any
 * @hw: id of the key in each slot of the "hardware", 0 if it is empty
 * @users: references to each slot that the test has, for tests that care
 * @user_key: id of their key
 * @lock: protects the log, @users and @user_key
 * @log: calls of program and evict: "p0 e1 "
 * @log_len: bytes in @log
 * @programs: calls of program
 * @evicts: calls of evict
 * @holds: successful calls of hold
 * @releases: calls of release
 * @busy: calls of program and evict that are running
 * @program_err: what programming a slot returns
 * @evict_err: what evict returns
 * @hold_err: what hold returns
 * @random_errors: one in so many calls of program and evict fails
 * @lost: times that a slot in use lost its key, as programming it again failed
 * @reprogramming: odd while ksm_reprogram_all() runs
 * @gate_slot: programming or evicting this slot waits for @gate, if @gated
 * @gated: see @gate_slot
 * @gate_entered: it is waiting
 * @gate: it may go on
 * @destroyed: ksm_destroy() was called
 * @dead: ksm_destroy() has returned
 * @key: keys, all different
 */
struct fake {
	struct ksm *ksm;
	struct ksm *kept;
	char name[24];
	struct list_head list;
	unsigned int num_slots;
	struct gendisk *disk;
	u64 hw[KSM_MAX_SLOTS];
	unsigned int users[KSM_MAX_SLOTS];
	u64 user_key[KSM_MAX_SLOTS];
	spinlock_t lock; /* see above */
	char log[ST_LOG_SIZE];
	unsigned int log_len;
	atomic_t programs;
	atomic_t evicts;
	atomic_t holds;
	atomic_t releases;
	atomic_t busy;
	int program_err[KSM_MAX_SLOTS];
	int evict_err;
	int hold_err;
	unsigned int random_errors;
	unsigned int lost;
	atomic_t reprogramming;
	unsigned int gate_slot;
	bool gated;
	struct completion gate_entered;
	struct completion gate;
	atomic_t destroyed;
	bool dead;
	struct ksm_key key[ST_KEYS];
};

struct fake *fake_new(unsigned int num_slots);
struct fake *fake_new_disk(unsigned int num_slots);
void fake_free(struct fake *f);
void fake_destroy(struct fake *f);
void fake_destroy_all(void);
void fake_drop_disk(struct fake *f);
void fake_config(struct fake *f, struct ksm_config *config);
bool fake_add_disk(struct fake *f);
bool fake_log_is(struct fake *f, const char *expected);
bool fake_has(struct fake *f, int slot, int key);
bool fake_has_nowhere(struct fake *f, int key);
void fake_use(struct fake *f, int slot, const struct ksm_key *key);
void fake_unuse(struct fake *f, int slot);
int fake_reprogram(struct fake *f);
int fake_reset(struct fake *f);
void fake_put(struct fake *f, int slot);

#endif /* _KSM_SELFTEST_H */
