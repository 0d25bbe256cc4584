// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim, the driver: requests, from blk-mq to the engine and back. This is
 * where a driver asks ksm_core how a request is to be encrypted, and tells it
 * afterwards that it was.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/module.h>

#include "disk.h"
#include "ksm_sim.h"

/* ---- the end of a request ---- */

/*
 * Any context. Only data that really passed the engine is reported, so that
 * ksm_core notices whatever was forgotten.
 */
static void end_request(struct request *rq)
{
	struct ksm_sim_dev *dev = rq->q->queuedata;
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (cmd->crypt.key && cmd->status == BLK_STS_OK)
		ksm_request_done(dev->disk, rq, &cmd->crypt);
	blk_mq_end_request(rq, cmd->status);
}

static void hardirq_end(struct irq_work *irq_work)
{
	struct ksm_sim_cmd *cmd =
		container_of(irq_work, struct ksm_sim_cmd, irq_work);

	end_request(blk_mq_rq_from_pdu(cmd));
}

static void complete_request(struct ksm_sim_dev *dev, struct request *rq)
{
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);

	switch (dev->params.complete) {
	case KSM_SIM_SOFTIRQ:
		blk_mq_complete_request(rq);
		break;
	case KSM_SIM_HARDIRQ:
		irq_work_queue(&cmd->irq_work);
		break;
	case KSM_SIM_TASK:
		end_request(rq);
		break;
	}
}

/* ---- the work ---- */

static int move_data(struct ksm_sim_dev *dev, struct request *rq)
{
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (cmd->crypt.key)
		return ksm_sim_engine_crypt(&dev->hw, &cmd->engine, rq,
					    &cmd->crypt);
	return ksm_sim_engine_plain(&dev->hw, rq);
}

static void do_request(struct ksm_sim_dev *dev, struct request *rq)
{
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);
	int err = -EIO;

	if (!READ_ONCE(dev->hw.gone)) {
		switch (req_op(rq)) {
		case REQ_OP_READ:
		case REQ_OP_WRITE:
			/* With or without FUA: RAM is as durable as it gets. */
			err = move_data(dev, rq);
			break;
		case REQ_OP_DISCARD:
		case REQ_OP_WRITE_ZEROES:
			err = ksm_sim_engine_zero(&dev->hw, rq);
			break;
		case REQ_OP_FLUSH:
			err = 0;
			break;
		default:
			break;
		}
	}
	cmd->status = err ? BLK_STS_IOERR : BLK_STS_OK;
	complete_request(dev, rq);
}

static void request_work(struct work_struct *work)
{
	struct ksm_sim_cmd *cmd = container_of(work, struct ksm_sim_cmd, work);
	struct request *rq = blk_mq_rq_from_pdu(cmd);
	struct ksm_sim_dev *dev = rq->q->queuedata;
	u32 delay = READ_ONCE(dev->delay_us);

	if (delay)
		fsleep(delay);
	do_request(dev, rq);
}

/* ---- the start of a request ---- */

/* How is the data to be encrypted? If that is not clear, nobody touches it. */
static int find_crypt(struct ksm_sim_dev *dev, struct request *rq)
{
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct bio *bio;
	int err = 0;

	cmd->crypt.key = NULL;
	if (req_op(rq) != REQ_OP_READ && req_op(rq) != REQ_OP_WRITE)
		return 0;
	if (!READ_ONCE(dev->ignore_contexts))
		err = ksm_request_crypt(dev->disk, rq, &cmd->crypt);

	ksm_sim_count(dev->stats, KSM_SIM_REQUESTS);
	__rq_for_each_bio(bio, rq)
		ksm_sim_count(dev->stats, KSM_SIM_VECTORS);
	if (err)
		ksm_sim_count(dev->stats, KSM_SIM_MIXED);
	else if (cmd->crypt.key)
		ksm_sim_count(dev->stats, KSM_SIM_CRYPT);
	else
		ksm_sim_count(dev->stats, KSM_SIM_PLAIN);
	return err;
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx,
			     const struct blk_mq_queue_data *bd)
{
	struct ksm_sim_dev *dev = hctx->queue->queuedata;
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(bd->rq);

	blk_mq_start_request(bd->rq);
	if (READ_ONCE(dev->hw.gone) || find_crypt(dev, bd->rq))
		return BLK_STS_IOERR;
	/* Ciphers and delays sleep, which is not allowed here. */
	if (ksm_sim_hw_encrypts(&dev->hw) || READ_ONCE(dev->delay_us))
		queue_work(dev->wq, &cmd->work);
	else
		do_request(dev, bd->rq);
	return BLK_STS_OK;
}

/* ---- construction ---- */

static int init_request(struct blk_mq_tag_set *set, struct request *rq,
			unsigned int hctx, COMPAT_NODE node)
{
	struct ksm_sim_dev *dev = set->driver_data;
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);

	INIT_WORK(&cmd->work, request_work);
	cmd->irq_work = IRQ_WORK_INIT(hardirq_end);
	return ksm_sim_engine_req_init(&dev->hw, &cmd->engine);
}

static void exit_request(struct blk_mq_tag_set *set, struct request *rq,
			 unsigned int hctx)
{
	struct ksm_sim_cmd *cmd = blk_mq_rq_to_pdu(rq);

	/* The request has ended, but the irq that ended it may not have. */
	irq_work_sync(&cmd->irq_work);
	ksm_sim_engine_req_exit(&cmd->engine);
}

static const struct blk_mq_ops mq_ops = {
	.queue_rq = queue_rq,
	.complete = end_request,
	.init_request = init_request,
	.exit_request = exit_request,
};

static const struct block_device_operations disk_ops = {
	.owner = THIS_MODULE,
};

static int alloc_disk(struct ksm_sim_dev *dev)
{
	const struct ksm_sim_params *params = &dev->params;
	struct queue_limits lim = {
		.logical_block_size = params->block,
		.physical_block_size = params->block,
		.max_hw_sectors = params->max_sectors,
		.max_segments = params->max_segments,
		/* As NVMe: data units may be in pieces of a few bytes. */
		.dma_alignment = 3,
		.max_hw_discard_sectors = UINT_MAX >> SECTOR_SHIFT,
		.max_write_zeroes_sectors = UINT_MAX >> SECTOR_SHIFT,
		.discard_granularity = params->block,
	};
	struct gendisk *disk;

	disk = compat_alloc_disk(&dev->set, &lim, dev);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	strscpy(disk->disk_name, dev->name, sizeof(disk->disk_name));
	disk->fops = &disk_ops;
	disk->private_data = dev;
	set_capacity(disk, params->size >> SECTOR_SHIFT);
	dev->disk = disk;
	return 0;
}

/**
 * ksm_sim_queue_init() - make a device's queues and its disk
 * @dev: the device, its hardware is there
 *
 * Return: 0 or a negative errno.
 */
int ksm_sim_queue_init(struct ksm_sim_dev *dev)
{
	int err;

	dev->set.ops = &mq_ops;
	dev->set.nr_hw_queues = dev->params.queues;
	dev->set.queue_depth = dev->params.depth;
	dev->set.numa_node = NUMA_NO_NODE;
	dev->set.cmd_size = sizeof(struct ksm_sim_cmd);
	dev->set.flags = COMPAT_BLK_MQ_F_SHOULD_MERGE;
	dev->set.driver_data = dev;

	dev->wq = alloc_workqueue("%s", WQ_MEM_RECLAIM | WQ_UNBOUND, 0,
				  dev->name);
	if (!dev->wq)
		return -ENOMEM;
	err = blk_mq_alloc_tag_set(&dev->set);
	if (err)
		goto free_wq;
	err = alloc_disk(dev);
	if (err)
		goto free_set;
	return 0;

free_set:
	blk_mq_free_tag_set(&dev->set);
free_wq:
	destroy_workqueue(dev->wq);
	return err;
}

/**
 * ksm_sim_queue_exit() - free them
 * @dev: the device; its disk has been deleted
 */
void ksm_sim_queue_exit(struct ksm_sim_dev *dev)
{
	put_disk(dev->disk);
	blk_mq_free_tag_set(&dev->set);
	destroy_workqueue(dev->wq);
}
