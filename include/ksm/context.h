/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ksm_core: bio crypt contexts.
 *
 * These kernels have no bi_crypt_context, so a context travels beside its bio.
 * Every clone and split of a bio shares its bi_io_vec: a context is found by
 * that vector, the disk and the sector range. It lies in memory of whoever
 * submits the bio, for one hop: from a submitter (a client) to the provider of
 * the keyslot manager of the disk below. A provider that forwards attaches a
 * context of its own for the next hop.
 */
#ifndef _KSM_CONTEXT_H
#define _KSM_CONTEXT_H

#include <linux/atomic.h>
#include <linux/blk_types.h>
#include <linux/types.h>

#include <ksm/keyslot.h>

struct ksm_bucket;
struct ksm_client;
struct ksm_ctx;
struct request;

/*
 * The status of a bio that never got to a device, as who forwards it could not
 * give it a context: there is no engine, or none that takes the key. The origin
 * may go on without. No device answers a read or write so.
 */
#define KSM_STS_REFUSED BLK_STS_NOTSUPP

/**
 * struct ksm_client_config - who is going to submit bios with contexts
 * @name: for its work queue and for debugfs, copied
 * @upper: the keyslot manager on behalf of which it forwards, NULL if it is the
 *	origin of the contexts. Fields that follow, but @failed, are for origins.
 * @mode: the mode that it will use
 * @data_unit_size: the data unit size, in bytes
 * @dun_bytes: bytes of its largest data unit number
 * @failed: called instead of submitting a bio that had to wait, for a keyslot
 *	or another bio, and cannot have a context (ksm_submit_ctx(),
 *	ksm_submit_plain()); ends the bio. Process context, may sleep.
 */
struct ksm_client_config {
	const char *name;
	struct ksm *upper;
	const struct ksm_mode *mode;
	unsigned int data_unit_size;
	unsigned int dun_bytes;
	void (*failed)(struct ksm_ctx *ctx, int err);
};

/**
 * struct ksm_ctx - a bio's crypt context, in memory of its submitter
 * @bio: the bio
 * @key: its key; NULL if it only keeps others away (ksm_submit_plain())
 * @dun: data unit number of its first data unit
 *
 * The submitter may read @bio and @key. Everything else is private to ksm_core.
 * The memory need not be initialized.
 */
struct ksm_ctx {
	struct bio *bio;
	const struct ksm_key *key;
	u64 dun;
	/* private: */
	union {
		struct hlist_node node; /* attached */
		struct ksm_ctx *next; /* waiting */
	};
	const struct bio_vec *vec;
	struct ksm_bucket *bucket;
	struct ksm_client *client;
	sector_t sector;
	unsigned int size;
	unsigned int slot;
	atomic_t left;
	struct ksm_ctx *waiters;
	struct ksm_ctx **waiters_end;
};

/* For submitters. */
struct ksm_client *ksm_client_open(struct block_device *bdev,
				   const struct ksm_client_config *config);
void ksm_client_close(struct ksm_client *client);
struct ksm *ksm_client_ksm(const struct ksm_client *client);
void ksm_client_caps(struct ksm_client *client, struct ksm_caps *caps);
int ksm_client_evict(struct ksm_client *client, const struct ksm_key *key);
void ksm_client_evict_idle(struct ksm_client *client);

/**
 * struct ksm_client_stats - counters of a client since it was opened
 * @attached: bios that were submitted with a context
 * @deferred: bios that had to wait, for a keyslot, a frozen disk or another bio
 * @failed: bios that could not be submitted
 * @lost: bios whose data did not all pass the engine
 */
struct ksm_client_stats {
	u64 attached;
	u64 deferred;
	u64 failed;
	u64 lost;
};

void ksm_client_get_stats(struct ksm_client *client,
			  struct ksm_client_stats *stats);

int ksm_submit_ctx(struct ksm_client *client, struct ksm_ctx *ctx,
		   struct bio *bio, const struct ksm_key *key, u64 dun);
int ksm_submit_plain(struct ksm_client *client, struct ksm_ctx *ctx,
		     struct bio *bio);
int ksm_attach_ctx_wait(struct ksm_client *client, struct ksm_ctx *ctx,
			struct bio *bio, const struct ksm_key *key, u64 dun);
unsigned int ksm_detach_ctx(struct ksm_ctx *ctx);

/**
 * struct ksm_crypt - how the data of a bio or request is to be encrypted
 * @key: the key, NULL if it is not to be encrypted
 * @slot: the slot that holds the key, KSM_NO_SLOT if there are none
 * @dun: data unit number of the first data unit; the following ones count up
 * @ctx: the context, of bios only
 */
struct ksm_crypt {
	const struct ksm_key *key;
	unsigned int slot;
	u64 dun;
	struct ksm_ctx *ctx;
};

/* For providers. */
int ksm_bio_crypt(struct gendisk *disk, struct bio *bio,
		  struct ksm_crypt *crypt);
int ksm_request_crypt(struct gendisk *disk, struct request *rq,
		      struct ksm_crypt *crypt);
void ksm_ctx_done(struct ksm_ctx *ctx, unsigned int bytes);
void ksm_request_done(struct gendisk *disk, struct request *rq,
		      const struct ksm_crypt *crypt);

#endif /* _KSM_CONTEXT_H */
