// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_odd_bio: one bio whose segments are no whole data units, as drivers and file
 * systems may submit them. Queue limits keep direct I/O from doing that, so nothing
 * in user space can.
 *
 * Loading it writes what is in a file, or reads into it; it fails as the bio does.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "path of the block device");

static char *file;
module_param(file, charp, 0444);
MODULE_PARM_DESC(file, "path of the file");

static bool write;
module_param(write, bool, 0444);
MODULE_PARM_DESC(write, "write to the device, not read from it");

static unsigned int bytes = 65536;
module_param(bytes, uint, 0444);
MODULE_PARM_DESC(bytes, "how much, from the start of both");

static unsigned int sizes[16];
static int nr_sizes;
module_param_array(sizes, uint, &nr_sizes, 0444);
MODULE_PARM_DESC(sizes, "bytes of each segment in turn, up to a page");

/* Each segment ends with its page, and stays one also if the next is behind it. */
static int add_segments(struct bio *bio)
{
	unsigned int left = bytes, i;

	for (i = 0; left; i++) {
		unsigned int len = min(left, sizes[i % nr_sizes]);
		struct page *page;

		if (!len || len > PAGE_SIZE)
			return -EINVAL;
		if (bio->bi_vcnt == bio->bi_max_vecs)
			return -E2BIG;
		page = alloc_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		__bio_add_page(bio, page, len, PAGE_SIZE - len);
		left -= len;
	}
	return 0;
}

static void free_segments(struct bio *bio)
{
	unsigned short i;

	for (i = 0; i < bio->bi_vcnt; i++)
		__free_page(bio->bi_io_vec[i].bv_page);
}

static void copy_segments(struct bio *bio, u8 *data)
{
	unsigned short i;

	for (i = 0; i < bio->bi_vcnt; i++) {
		struct bio_vec *bv = &bio->bi_io_vec[i];

		if (write)
			memcpy_to_page(bv->bv_page, bv->bv_offset, data,
				       bv->bv_len);
		else
			memcpy_from_page(data, bv->bv_page, bv->bv_offset,
					 bv->bv_len);
		data += bv->bv_len;
	}
}

static int do_bio(struct block_device *bdev, u8 *data)
{
	struct bio *bio = bio_alloc(bdev, BIO_MAX_VECS,
				    write ? REQ_OP_WRITE : REQ_OP_READ,
				    GFP_KERNEL);
	int err = add_segments(bio);

	if (!err) {
		if (write)
			copy_segments(bio, data);
		err = submit_bio_wait(bio);
		if (!err && !write)
			copy_segments(bio, data);
	}
	free_segments(bio);
	bio_put(bio);
	return err;
}

static int file_data(u8 *data)
{
	const int how = write ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
	struct file *f = filp_open(file, how, 0600);
	loff_t pos = 0;
	ssize_t done;

	if (IS_ERR(f))
		return PTR_ERR(f);
	done = write ? kernel_read(f, data, bytes, &pos) :
		       kernel_write(f, data, bytes, &pos);
	fput(f);
	if (done < 0)
		return done;
	return done == bytes ? 0 : -ENODATA;
}

static int device_data(u8 *data)
{
	struct file *f = filp_open(device, write ? O_RDWR : O_RDONLY, 0);
	int err = -ENOTBLK;

	if (IS_ERR(f))
		return PTR_ERR(f);
	if (S_ISBLK(file_inode(f)->i_mode))
		err = do_bio(I_BDEV(f->f_mapping->host), data);
	fput(f);
	return err;
}

static int __init ksm_odd_bio_init(void)
{
	u8 *data;
	int err;

	if (!device || !file || !nr_sizes)
		return -EINVAL;
	data = kvmalloc(bytes, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	err = write ? file_data(data) : device_data(data);
	if (!err)
		err = write ? device_data(data) : file_data(data);
	kvfree(data);
	return err;
}

static void __exit ksm_odd_bio_exit(void)
{
}

module_init(ksm_odd_bio_init);
module_exit(ksm_odd_bio_exit);

MODULE_DESCRIPTION("Test: a bio of odd segments");
MODULE_LICENSE("GPL");
