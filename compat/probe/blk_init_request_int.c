// SPDX-License-Identifier: GPL-2.0-only
/* Linux 7.x gives init_request a signed number of the memory node. */
#include <linux/blk-mq.h>
#include <linux/module.h>

static int init_request(struct blk_mq_tag_set *set, struct request *rq,
			unsigned int hctx, int node)
{
	return 0;
}

const struct blk_mq_ops probe = {
	.init_request = init_request,
};

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
