/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_sim: RAM disks with a simulated inline encryption engine. For tests, and
 * as an example of a driver that uses ksm_core.
 *
 *	ksm_sim_main.c		devices come and go; the operations for ksm_core
 *	ksm_sim_queue.c		requests, from blk-mq to the engine and back
 *	ksm_sim_engine.c	"hardware": moves a request's data
 *	ksm_sim_slots.c		"hardware": keyslots and ciphers
 *	ksm_sim_params.c	module parameters
 *	ksm_sim_debugfs.c	faults to inject, counters
 *	ksm_sim_pm.c		power
 *
 * The hardware knows nothing of ksm_core's contexts and does not trust the
 * driver: it checks what it is told by itself.
 */
#ifndef _KSM_SIM_H
#define _KSM_SIM_H

#include <linux/blk-mq.h>
#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include <ksm/context.h>
#include <ksm/keyslot.h>

struct crypto_skcipher;
struct dentry;
struct platform_device;
struct skcipher_request;

#define KSM_SIM_MAX_DEVICES 8

/**
 * enum ksm_sim_complete - the context that requests end in
 * @KSM_SIM_SOFTIRQ: wherever blk_mq_complete_request() has them end: in softirq
 *	context if there is one queue
 * @KSM_SIM_HARDIRQ: hard irq context
 * @KSM_SIM_TASK: the context that did the work
 */
enum ksm_sim_complete {
	KSM_SIM_SOFTIRQ,
	KSM_SIM_HARDIRQ,
	KSM_SIM_TASK,
};

/**
 * struct ksm_sim_params - what the module parameters say of one device
 * @size: bytes of the disk
 * @slots: number of keyslots
 * @modes: mask of modes, by enum ksm_mode_id
 * @all_modes: @modes is what there may be, not what there must be
 * @units: mask of data unit sizes
 * @dun_bytes: bytes of data unit number
 * @queues: hardware queues
 * @depth: requests per queue
 * @block: logical block size
 * @max_sectors: size limit of a request, 0 for the block layer's default
 * @max_segments: limit of segments of a request
 * @real: the engine encrypts
 * @complete: the context that requests end in
 * @rpm: the device has runtime power management
 */
struct ksm_sim_params {
	size_t size;
	unsigned int slots;
	unsigned long modes;
	bool all_modes;
	u32 units;
	unsigned int dun_bytes;
	unsigned int queues;
	unsigned int depth;
	unsigned int block;
	unsigned int max_sectors;
	unsigned int max_segments;
	bool real;
	enum ksm_sim_complete complete;
	bool rpm;
};

/**
 * enum ksm_sim_stat - counters in debugfs
 * @KSM_SIM_REQUESTS: reads and writes: the sum of the three that follow
 * @KSM_SIM_CRYPT: of these, with a key
 * @KSM_SIM_PLAIN: of these, without
 * @KSM_SIM_MIXED: of these, refused because their bios disagree
 * @KSM_SIM_PROGRAMS: keys put into slots
 * @KSM_SIM_EVICTS: calls to empty a slot that reached the hardware
 * @KSM_SIM_EMPTY_SLOT: requests that named a slot without a key
 * @KSM_SIM_REJECTED: anything malformed that the hardware was told
 * @KSM_SIM_UNPOWERED: slot operations while the device was suspended
 * @KSM_SIM_VECTORS: bios in the reads and writes
 * @KSM_SIM_STATS: number of counters, not a counter
 */
enum ksm_sim_stat {
	KSM_SIM_REQUESTS,
	KSM_SIM_CRYPT,
	KSM_SIM_PLAIN,
	KSM_SIM_MIXED,
	KSM_SIM_PROGRAMS,
	KSM_SIM_EVICTS,
	KSM_SIM_EMPTY_SLOT,
	KSM_SIM_REJECTED,
	KSM_SIM_UNPOWERED,
	KSM_SIM_VECTORS,
	KSM_SIM_STATS,
};

/**
 * struct ksm_sim_stats - counters, one copy for each CPU
 * @n: by enum ksm_sim_stat
 */
struct ksm_sim_stats {
	u64 n[KSM_SIM_STATS];
};

static inline void ksm_sim_count(struct ksm_sim_stats __percpu *stats,
				 enum ksm_sim_stat which)
{
	this_cpu_inc(stats->n[which]);
}

/* ---- the hardware ---- */

/**
 * struct ksm_sim_slot - one keyslot
 * @lock: held for reading by requests that use the key, for writing by whoever
 *	changes it
 * @mode: mode of the key, NULL if the slot is empty
 * @unit: data unit size of the key
 * @key_id: id of the key
 * @tfm: a cipher for each mode, that of @mode is keyed; none if the engine is
 *	not real
 */
struct ksm_sim_slot {
	struct rw_semaphore lock; /* see above */
	const struct ksm_mode *mode;
	unsigned int unit;
	u64 key_id;
	struct crypto_skcipher *tfm[KSM_MODE_COUNT];
};

/**
 * struct ksm_sim_hw - the simulated hardware
 * @name: for logs
 * @stats: the device's counters
 * @real: it encrypts
 * @caps: what it can do
 * @num_slots: keyslots; 0 if each request brings its key
 * @slots: the slots; if there are none, one that holds a request's key while
 *	it is worked on
 * @req_size: bytes of the largest cipher's request
 * @ram: the data
 * @size: bytes in @ram
 * @gone: it is not there any more
 * @suspended: it has no power for slot operations
 * @refuse_program: mask of slots that take no key; all ones for all of them
 * @refuse_evict: emptying a slot returns an error
 * @wrong_key: keys are changed when they are put into a slot
 * @null: a real engine that does no more than one that is not, so that what it
 *	costs is not measured; it has to be real until it was verified
 * @program_delay_us: microseconds that this takes
 */
struct ksm_sim_hw {
	const char *name;
	struct ksm_sim_stats __percpu *stats;
	bool real;
	struct ksm_caps caps;
	unsigned int num_slots;
	struct ksm_sim_slot *slots;
	unsigned int req_size;
	u8 *ram;
	size_t size;
	bool gone;
	bool suspended;
	u64 refuse_program;
	bool refuse_evict;
	bool wrong_key;
	bool null;
	u32 program_delay_us;
};

int ksm_sim_hw_init(struct ksm_sim_hw *hw, const struct ksm_sim_params *params);
void ksm_sim_hw_exit(struct ksm_sim_hw *hw);
void ksm_sim_hw_reset(struct ksm_sim_hw *hw);
int ksm_sim_hw_program(struct ksm_sim_hw *hw, unsigned int nr,
		       const struct ksm_key *key);
int ksm_sim_hw_evict(struct ksm_sim_hw *hw, unsigned int nr,
		     const struct ksm_key *key);
struct ksm_sim_slot *ksm_sim_hw_begin(struct ksm_sim_hw *hw, unsigned int nr,
				      const struct ksm_key *key);
void ksm_sim_hw_end(struct ksm_sim_hw *hw, struct ksm_sim_slot *slot);
bool ksm_sim_hw_has_key(struct ksm_sim_hw *hw, unsigned int nr);

/* Data passes the ciphers. */
static inline bool ksm_sim_hw_encrypts(const struct ksm_sim_hw *hw)
{
	return hw->real && !READ_ONCE(hw->null);
}

/**
 * struct ksm_sim_engine_req - memory of the engine for one request
 * @unit: one data unit
 * @cipher: a request for the slot's cipher
 */
struct ksm_sim_engine_req {
	u8 *unit;
	struct skcipher_request *cipher;
};

int ksm_sim_engine_req_init(struct ksm_sim_hw *hw,
			    struct ksm_sim_engine_req *er);
void ksm_sim_engine_req_exit(struct ksm_sim_engine_req *er);
int ksm_sim_engine_plain(struct ksm_sim_hw *hw, struct request *rq);
int ksm_sim_engine_crypt(struct ksm_sim_hw *hw, struct ksm_sim_engine_req *er,
			 struct request *rq, const struct ksm_crypt *crypt);
int ksm_sim_engine_zero(struct ksm_sim_hw *hw, struct request *rq);

/* ---- the driver ---- */

/**
 * struct ksm_sim_cmd - the driver's part of a request
 * @crypt: how its data is to be encrypted
 * @status: how it ends
 * @work: has it done by a worker
 * @irq_work: has it end in a hard irq
 * @engine: memory of the engine
 */
struct ksm_sim_cmd {
	struct ksm_crypt crypt;
	blk_status_t status;
	struct work_struct work;
	struct irq_work irq_work;
	struct ksm_sim_engine_req engine;
};

/**
 * struct ksm_sim_dev - one device
 * @name: its name, also the disk's and the keyslot manager's
 * @nr: its number
 * @params: its parameters
 * @stats: its counters
 * @hw: the hardware
 * @pdev: for runtime power management, or NULL
 * @ksm: the keyslot manager
 * @set: tags
 * @disk: the disk
 * @wq: workers for requests
 * @lock: protects @alive, and keeps the device alive
 * @alive: it has not been taken down
 * @vanish: takes it down while the module stays
 * @dir: in debugfs
 * @power_fails: the device does not wake up
 * @suspend_fails: it does not go to sleep
 * @ignore_contexts: forget to look how data is to be encrypted
 * @delay_us: microseconds that a request takes at least
 */
struct ksm_sim_dev {
	char name[20];
	unsigned int nr;
	struct ksm_sim_params params;
	struct ksm_sim_stats __percpu *stats;
	struct ksm_sim_hw hw;
	struct platform_device *pdev;
	struct ksm *ksm;
	struct blk_mq_tag_set set;
	struct gendisk *disk;
	struct workqueue_struct *wq;
	struct mutex lock; /* see above */
	bool alive;
	struct work_struct vanish;
	struct dentry *dir;
	bool power_fails;
	bool suspend_fails;
	bool ignore_contexts;
	u32 delay_us;
};

unsigned int ksm_sim_params_devices(void);
int ksm_sim_params_read(unsigned int nr, struct ksm_sim_params *params);

int ksm_sim_reset(struct ksm_sim_dev *dev);

int ksm_sim_queue_init(struct ksm_sim_dev *dev);
void ksm_sim_queue_exit(struct ksm_sim_dev *dev);

void ksm_sim_debugfs_init(void);
void ksm_sim_debugfs_exit(void);
void ksm_sim_debugfs_add(struct ksm_sim_dev *dev);
void ksm_sim_debugfs_remove(struct ksm_sim_dev *dev);

int ksm_sim_pm_init(void);
void ksm_sim_pm_exit(void);
int ksm_sim_pm_add(struct ksm_sim_dev *dev);
void ksm_sim_pm_remove(struct ksm_sim_dev *dev);
int ksm_sim_pm_get(struct ksm_sim_dev *dev);
void ksm_sim_pm_put(struct ksm_sim_dev *dev);
int ksm_sim_pm_fail(struct ksm_sim_dev *dev, bool fail);

#endif /* _KSM_SIM_H */
