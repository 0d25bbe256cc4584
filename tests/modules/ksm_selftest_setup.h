/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_selftest: what tests of bio contexts have in common.
 */
#ifndef _KSM_SELFTEST_SETUP_H
#define _KSM_SELFTEST_SETUP_H

#include <linux/bio.h>
#include <linux/completion.h>

#include <ksm/context.h>

#include "ksm_selftest.h"
#include "ksm_selftest_disk.h"

/* Names for the first keys. They have data units of UNIT bytes. */
enum { A, B, C };

#define UNIT	 4096
#define UNITS	 8
#define BIO_SIZE (UNITS * UNIT)
#define SECTORS	 (UNIT >> SECTOR_SHIFT)
/* Where the tests' bios begin, and a data unit number for them. */
#define SECTOR	 800
#define DUN	 0x123456789abcULL

/**
 * struct io - a bio with a context
 * @ctx: its context
 * @vec: the bio's vector
 * @page: all of its data
 * @attached: the context is attached, and not by a worker
 * @deferred: the bio waits for a keyslot, or did
 * @err: what became of it
 * @left: bytes that had not passed the engine when it ended
 * @order: the how manyth to end
 * @done: it has ended
 * @bio: the bio
 */
struct io {
	struct ksm_ctx ctx;
	struct bio_vec vec[UNITS];
	struct page *page;
	bool attached;
	bool deferred;
	int err;
	unsigned int left;
	int order;
	struct completion done;
	struct bio bio; /* must be last */
};

/**
 * struct setup - a disk, a client, and bios
 * @f: provider and disk
 * @client: the client
 * @io: bios, writes of UNITS data units at SECTOR
 * @ended: number of bios that have ended
 */
struct setup {
	struct fake *f;
	struct ksm_client *client;
	struct io *io[5];
	atomic_t ended;
};

extern const struct ksm_client_config client_config;

struct ksm_client *client_open(struct block_device *bdev);
struct setup *setup(unsigned int num_slots, bool part);
void setup_end(struct setup *s);
int attach(struct setup *s, int nr, int key, u64 dun);
int submit(struct setup *s, int nr, int key, u64 dun);
int submit_after(struct setup *s, int nr, int key, u64 dun);
unsigned int detach(struct setup *s, int nr);
bool io_wait(struct setup *s, int nr);
void freeze_main(void *arg);

int ask(struct setup *s, struct gendisk *disk, sector_t sector,
	unsigned int bytes, struct ksm_crypt *crypt);
void is_part(struct setup *s, sector_t sector, unsigned int bytes, u64 dun);
void is_bad(struct setup *s, sector_t sector, unsigned int bytes);

#endif /* _KSM_SELFTEST_SETUP_H */
