/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UFS host controllers as the kernels' ufshcd has them.
 */
#ifndef _KSM_COMPAT_UFS_H
#define _KSM_COMPAT_UFS_H

#include <linux/blk-mq.h>
#include <linux/device.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>
#include <ufs/ufshcd.h>

/*
 * The command with tag @tag, and in @lrb what ufshcd keeps for it; NULL if
 * there is none. Until Linux 7.0 that is in an array, since then behind the
 * command.
 */
static inline struct scsi_cmnd *
compat_ufs_cmd(struct ufs_hba *hba, unsigned int tag, struct ufshcd_lrb **lrb)
{
#ifdef KSM_HAVE_UFS_HBA_LRB
	if (tag >= hba->nutrs)
		return NULL;
	*lrb = &hba->lrb[tag];
	return (*lrb)->cmd;
#else
	const struct blk_mq_tag_set *set = &hba->host->tag_set;
	struct blk_mq_tags *tags = set->shared_tags ?: set->tags[0];
	struct request *rq = blk_mq_tag_to_rq(tags, tag);
	struct scsi_cmnd *cmd;

	if (!rq)
		return NULL;
	cmd = blk_mq_rq_to_pdu(rq);
	*lrb = scsi_cmd_priv(cmd);
	return cmd;
#endif
}

/* Wait until the clocks run, and keep them running. */
static inline int compat_ufs_hold(struct ufs_hba *hba)
{
#ifdef KSM_HAVE_UFS_HOLD_ASYNC
	return ufshcd_hold(hba, false);
#else
	ufshcd_hold(hba);
	return 0;
#endif
}

static inline bool compat_ufs_mcq(struct ufs_hba *hba)
{
#ifdef KSM_HAVE_UFS_MCQ
	return hba->mcq_enabled;
#else
	return false;
#endif
}

/* UFSHCI 4.0: the end of the registers for all queues; an entry for one. */
#define COMPAT_UFS_MCQ_END	0x400
#define COMPAT_UFS_MCQ_CFG_SIZE 0x40

/* Do registers @start to @end overlap those of the queues in use? */
static inline bool compat_ufs_queue_regs(struct ufs_hba *hba, u32 start,
					 u32 end)
{
#ifdef KSM_HAVE_UFS_MCQ
	unsigned long queues = (__force unsigned long)hba->mcq_base -
			       (__force unsigned long)hba->mmio_base;
	int i;

	if (!hba->mcq_enabled)
		return false;
	/* What says how queues are used, and one entry for each (UFSHCI 4.0). */
	if (start < COMPAT_UFS_MCQ_END && REG_UFS_MEM_CFG < end)
		return true;
	if (start < queues + COMPAT_UFS_MCQ_CFG_SIZE * hba->nr_hw_queues &&
	    queues < end)
		return true;
	for (i = 0; i < OPR_MAX; i++) {
		unsigned long first = hba->mcq_opr[i].offset;
		/* The last queue's have at most 0x40 bytes (UFSHCI 4.0). */
		unsigned long last =
			first + 0x40 +
			hba->mcq_opr[i].stride * (hba->nr_hw_queues - 1);

		if (start < last && first < end)
			return true;
	}
#endif
	return false;
}

/* Why the engine cannot be used in the standard way; NULL if it can. */
static inline const char *compat_ufs_unusual(struct ufs_hba *hba)
{
#ifdef KSM_HAVE_UFS_CRYPTO_QUIRKS
	if (hba->quirks & UFSHCD_QUIRK_CUSTOM_CRYPTO_PROFILE)
		return "its driver has keyslots of its own";
	if (hba->quirks & UFSHCD_QUIRK_KEYS_IN_PRDT)
		return "it takes keys with every command, not in keyslots";
#endif
#ifdef KSM_HAVE_UFS_VOPS_PROGRAM_KEY
	if (hba->vops && hba->vops->program_key)
		return "its driver programs keys in a way of its own";
#endif
#ifdef KSM_HAVE_UFS_VOPS_FILL_CRYPTO_PRDT
	if (hba->vops && hba->vops->fill_crypto_prdt)
		return "it takes keys with every command, not in keyslots";
#endif
#ifdef CONFIG_SCSI_UFS_CRYPTO
	if (hba->caps & UFSHCD_CAP_CRYPTO)
		return "the kernel itself drives its engine (SCSI_UFS_CRYPTO)";
#endif
	return NULL;
}

/* Is the engine on without the register bit, which must not be touched? */
static inline bool compat_ufs_always_on(struct ufs_hba *hba)
{
#ifdef KSM_HAVE_UFS_CRYPTO_QUIRKS
	return hba->quirks & UFSHCD_QUIRK_BROKEN_CRYPTO_ENABLE;
#else
	return false;
#endif
}

/*
 * How the tracepoint ufshcd_upiu says that a command is about to be sent. The
 * name is not in a public header any more. Were the number another one some
 * day, no command would be tagged: dm-ksm's verification would find out before
 * anything is written.
 */
#define COMPAT_UFS_CMD_SEND 0

/*
 * Has the device a driver? Where it cannot be told, one whose probing has not
 * ended counts, too.
 */
static inline bool compat_device_bound(struct device *dev)
{
#ifdef KSM_HAVE_DEVICE_IS_BOUND
	return device_is_bound(dev);
#else
	return dev->driver;
#endif
}

/* What a class interface's functions are told: the device, dev. */
#ifdef KSM_HAVE_CLASS_INTERFACE_DEV
#define COMPAT_ADD_DEV_ARGS struct device *dev
#else
#define COMPAT_ADD_DEV_ARGS \
	struct device *dev, struct class_interface *interface
#endif

#endif /* _KSM_COMPAT_UFS_H */
