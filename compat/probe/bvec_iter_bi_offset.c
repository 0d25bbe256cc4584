// SPDX-License-Identifier: GPL-2.0-only
/* Linux 7.3 calls bi_bvec_done of struct bvec_iter bi_offset. */
#include <linux/bvec.h>
#include <linux/module.h>

unsigned int probe(const struct bvec_iter *iter);
unsigned int probe(const struct bvec_iter *iter)
{
	return iter->bi_offset;
}

MODULE_DESCRIPTION("probe");
MODULE_LICENSE("GPL");
