// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands on their way to the controller. ufshcd's tracepoint ufshcd_upiu
 * comes for every SCSI command after its descriptor and scatter list were
 * built, and before the doorbell is rung or the descriptor is copied into a
 * submission queue. There the descriptor gets the slot and the data unit
 * number.
 *
 * A command that should be encrypted and cannot be is never sent as it is: it
 * is made to fail, in the engine if that is on (a slot without a key), and
 * otherwise in the device (a transaction that does not exist).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-mq.h>
#include <linux/module.h>
#include <linux/tracepoint.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_proto.h>
#include <ufs/ufshcd.h>
#include <ufs/ufshci.h>

#include <ksm/context.h>

#include "command.h"
#include "host.h"
#include "ufs.h"

/* UTP transfer request descriptor, dword 0 (UFSHCI 3.0, 6.1.1). */
#define UTRD_CRYPTO_ENABLE BIT(23)
#define UTRD_SLOT_MASK	   0xff
/*
 * UPIU header: bytes 0 and 3 (UFS 3.1, 10.6.2); a type that is
 * reserved, and none that devices send, as 0x3f is (REJECT UPIU).
 */
#define UPIU_TYPE	   0
#define UPIU_TYPE_RESERVED 0x1f
#define UPIU_TAG	   3

static struct tracepoint *upiu_tracepoint;

/* ---- what a command is ---- */

/*
 * Is this the request's own command? The error handler sends commands of its
 * own in place of it, which have nothing to do with the request's data.
 */
static bool moves_request_data(struct scsi_cmnd *cmd, struct request *rq)
{
	if (cmd->sdb.length != blk_rq_bytes(rq))
		return false;
	switch (cmd->cmnd[0]) {
	case READ_6:
	case READ_10:
	case READ_12:
	case READ_16:
		return cmd->sc_data_direction == DMA_FROM_DEVICE;
	case WRITE_6:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
		return cmd->sc_data_direction == DMA_TO_DEVICE;
	default:
		return false;
	}
}

/* ---- what becomes of it ---- */

static void tag(struct utp_transfer_req_desc *desc, unsigned int slot, u64 dun)
{
	__le32 *dword = (__le32 *)desc;
	u32 head = le32_to_cpu(dword[0]) & ~UTRD_SLOT_MASK;

	dword[0] = cpu_to_le32(head | UTRD_CRYPTO_ENABLE | slot);
	dword[1] = cpu_to_le32(lower_32_bits(dun));
	dword[3] = cpu_to_le32(upper_32_bits(dun));
}

static void fail_in_engine(struct shim_host *host, struct ufshcd_lrb *lrb)
{
	atomic64_inc(&host->mixed);
	tag(lrb->utr_descriptor_ptr, host->engine.spare, 0);
	pr_err_ratelimited("%s: a request failed: its bios disagree\n",
			   host->name);
}

static void fail_in_device(struct shim_host *host, u8 *upiu, const char *why)
{
	atomic64_inc(&host->unexplained);
	upiu[UPIU_TYPE] = UPIU_TYPE_RESERVED;
	pr_err_ratelimited("%s: a command failed: %s\n", host->name, why);
}

static void handle(struct shim_host *host, u8 *upiu)
{
	struct ufshcd_lrb *lrb = NULL;
	struct ksm_crypt crypt;
	struct scsi_cmnd *cmd;
	struct request *rq;
	int err;

	cmd = compat_ufs_cmd(host->hba, upiu[UPIU_TAG], &lrb);
	if (unlikely(!cmd || (u8 *)lrb->ucd_req_ptr != upiu)) {
		fail_in_device(host, upiu, "it is not where ufshcd keeps it");
		return;
	}
	rq = scsi_cmd_to_rq(cmd);
	if (blk_rq_is_passthrough(rq) || !rq->q->disk)
		return;
	err = ksm_request_crypt(rq->q->disk, rq, &crypt);
	if (!err && !crypt.key) {
		this_cpu_inc(host->counts->plain);
		return;
	}
	if (unlikely(!moves_request_data(cmd, rq))) {
		if (cmd->sdb.length && cmd->cmnd[0] != REQUEST_SENSE)
			fail_in_device(host, upiu, "it is not its request's");
		return;
	}
	if (unlikely(!READ_ONCE(host->engine_on))) {
		fail_in_device(host, upiu, "the engine is off");
		return;
	}
	if (unlikely(err)) {
		fail_in_engine(host, lrb);
		return;
	}
	tag(lrb->utr_descriptor_ptr, crypt.slot, crypt.dun);
	this_cpu_inc(host->counts->tagged);
	/*
	 * That it is under way suffices: if it fails, so do its bios. If it is
	 * sent once more it counts once more, see ksm_request_done().
	 */
	ksm_request_done(rq->q->disk, rq, &crypt);
}

/*
 * The first argument is the name of the device, or in newer kernels the
 * host. It is compared, never followed. @what and @type are enumerations.
 */
static void upiu_probe(void *data, const void *who, int what, void *upiu,
		       void *fields, int type)
{
	struct shim_host *host = data;

	if (what == COMPAT_UFS_CMD_SEND &&
	    (who == host->hba || who == host->name))
		handle(host, upiu);
}

/**
 * shim_commands_watch() - see a host's commands from now on
 * @host: the host
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int shim_commands_watch(struct shim_host *host)
{
	return tracepoint_probe_register(upiu_tracepoint, upiu_probe, host);
}

/**
 * shim_commands_unwatch() - see them no more
 * @host: the host, for which shim_commands_watch() succeeded
 *
 * None is being looked at when this returns.
 *
 * Context: process context, may sleep.
 */
void shim_commands_unwatch(struct shim_host *host)
{
	tracepoint_probe_unregister(upiu_tracepoint, upiu_probe, host);
	tracepoint_synchronize_unregister();
}

/* ---- the tracepoint, which is not exported ---- */

static void look_at(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "ufshcd_upiu"))
		upiu_tracepoint = tp;
}

/* Called for the modules that are loaded, too. */
static int look_at_module(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	struct module *mod = ((struct tp_module *)data)->mod;
	int i;

	for (i = 0; action == MODULE_STATE_COMING && i < mod->num_tracepoints;
	     i++)
		look_at(tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]), NULL);
	return NOTIFY_OK;
}

static struct notifier_block look_at_modules = {
	.notifier_call = look_at_module,
};

/**
 * shim_commands_init() - find ufshcd's tracepoint
 *
 * ufshcd is loaded, since this module calls it, and stays so.
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOENT if it has no such tracepoint.
 */
int shim_commands_init(void)
{
	int err;

	for_each_kernel_tracepoint(look_at, NULL);
	err = register_tracepoint_module_notifier(&look_at_modules);
	if (err)
		return err;
	unregister_tracepoint_module_notifier(&look_at_modules);
	if (upiu_tracepoint)
		return 0;
	pr_err("this kernel's ufshcd has no tracepoint ufshcd_upiu\n");
	return -ENOENT;
}
