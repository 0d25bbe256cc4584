// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim, the hardware: moves a request's data to and from the RAM, through
 * the cipher if it is to be encrypted.
 */
#include <crypto/skcipher.h>
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "ksm_sim.h"

/**
 * struct crypt_pass - a request on its way through the cipher
 * @slot: has the key
 * @er: the engine's memory
 * @ram: the data unit in the RAM
 * @dun: its data unit number
 * @done: bytes of the data unit that were moved
 * @iv: for the cipher, which would copy it if it were not aligned
 */
struct crypt_pass {
	struct ksm_sim_slot *slot;
	struct ksm_sim_engine_req *er;
	u8 *ram;
	u64 dun;
	unsigned int done;
	__le64 iv[KSM_MAX_IV_SIZE / sizeof(__le64)] __aligned(16);
};

/* The first byte in the RAM; NULL if the request goes beyond the end. */
static u8 *ram_of(struct ksm_sim_hw *hw, struct request *rq)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;

	if (pos > hw->size || blk_rq_bytes(rq) > hw->size - pos) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		return NULL;
	}
	return hw->ram + pos;
}

/**
 * ksm_sim_engine_plain() - move data as it is
 * @hw: the hardware
 * @rq: a read or write
 *
 * Context: any.
 * Return: 0 or a negative errno.
 */
int ksm_sim_engine_plain(struct ksm_sim_hw *hw, struct request *rq)
{
	u8 *ram = ram_of(hw, rq);
	struct req_iterator iter;
	struct bio_vec bv;

	if (!ram)
		return -EIO;
	rq_for_each_segment(bv, rq, iter) {
		if (rq_data_dir(rq) == WRITE)
			memcpy_from_bvec(ram, &bv);
		else
			memcpy_to_bvec(&bv, ram);
		ram += bv.bv_len;
	}
	return 0;
}

/**
 * ksm_sim_engine_zero() - a discard, or zeroes to be written
 * @hw: the hardware
 * @rq: the request
 *
 * Context: any.
 * Return: 0 or a negative errno.
 */
int ksm_sim_engine_zero(struct ksm_sim_hw *hw, struct request *rq)
{
	u8 *ram = ram_of(hw, rq);

	if (!ram)
		return -EIO;
	memset(ram, 0, blk_rq_bytes(rq));
	return 0;
}

/* En- or decrypts the data unit in @cp->er in place. */
static int crypt_unit(struct crypt_pass *cp, bool encrypt)
{
	struct ksm_sim_slot *slot = cp->slot;
	struct skcipher_request *req = cp->er->cipher;
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;

	memset(cp->iv, 0, sizeof(cp->iv));
	cp->iv[0] = cpu_to_le64(cp->dun);
	sg_init_one(&sg, cp->er->unit, slot->unit);
	skcipher_request_set_tfm(req, slot->tfm[slot->mode->id]);
	/* Without MAY_SLEEP, which lets ciphers allocate with GFP_KERNEL. */
	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(req, &sg, &sg, slot->unit, cp->iv);
	return crypto_wait_req(encrypt ? crypto_skcipher_encrypt(req) :
					 crypto_skcipher_decrypt(req),
			       &wait);
}

/* A segment may begin and end anywhere within a data unit. */
static int crypt_segment(struct crypt_pass *cp, struct bio_vec bv, bool write)
{
	const unsigned int unit = cp->slot->unit;
	u8 *buf = cp->er->unit;
	struct bio_vec part;
	int err;

	while (bv.bv_len) {
		if (!write && !cp->done) {
			memcpy(buf, cp->ram, unit);
			err = crypt_unit(cp, false);
			if (err)
				return err;
		}
		part = bv;
		part.bv_len = min(bv.bv_len, unit - cp->done);
		if (write)
			memcpy_from_bvec(buf + cp->done, &part);
		else
			memcpy_to_bvec(&part, buf + cp->done);
		bv.bv_offset += part.bv_len;
		bv.bv_len -= part.bv_len;
		cp->done += part.bv_len;
		if (cp->done < unit)
			continue;
		if (write) {
			err = crypt_unit(cp, true);
			if (err)
				return err;
			memcpy(cp->ram, buf, unit);
		}
		cp->done = 0;
		cp->dun++;
		cp->ram += unit;
	}
	return 0;
}

/* Whole data units only, whose numbers are not larger than the hardware's. */
static bool geometry_is_good(const struct ksm_sim_hw *hw,
			     const struct ksm_sim_slot *slot,
			     struct request *rq, u64 dun)
{
	unsigned int bits = 8 * hw->caps.max_dun_bytes;
	unsigned int units = blk_rq_bytes(rq) / slot->unit;
	u64 last;

	if (!units || blk_rq_bytes(rq) % slot->unit)
		return false;
	last = dun + units - 1;
	return last >= dun && (bits == 64 || !(last >> bits));
}

/* Its stack frame should not cost those who do not encrypt. */
static noinline int encrypt_request(struct ksm_sim_hw *hw,
				    struct ksm_sim_engine_req *er,
				    struct request *rq,
				    const struct ksm_crypt *crypt)
{
	struct crypt_pass cp = { .er = er, .dun = crypt->dun };
	bool write = rq_data_dir(rq) == WRITE;
	struct req_iterator iter;
	struct bio_vec bv;
	int err = 0;

	cp.ram = ram_of(hw, rq);
	if (!cp.ram)
		return -EIO;
	cp.slot = ksm_sim_hw_begin(hw, crypt->slot, crypt->key);
	if (IS_ERR(cp.slot))
		return PTR_ERR(cp.slot);
	if (!geometry_is_good(hw, cp.slot, rq, cp.dun)) {
		ksm_sim_count(hw->stats, KSM_SIM_REJECTED);
		err = -EINVAL;
		goto out;
	}
	rq_for_each_segment(bv, rq, iter) {
		err = crypt_segment(&cp, bv, write);
		if (err)
			break;
	}
out:
	ksm_sim_hw_end(hw, cp.slot);
	return err;
}

/**
 * ksm_sim_engine_crypt() - move data through the cipher
 * @hw: the hardware
 * @er: its memory for the request
 * @rq: a read or write
 * @crypt: slot and data unit number. Mode and data unit size are what the slot
 *	was programmed with.
 *
 * Context: process context, may sleep; any if the engine does not encrypt.
 * Return: 0 or a negative errno.
 */
int ksm_sim_engine_crypt(struct ksm_sim_hw *hw, struct ksm_sim_engine_req *er,
			 struct request *rq, const struct ksm_crypt *crypt)
{
	if (ksm_sim_hw_encrypts(hw))
		return encrypt_request(hw, er, rq, crypt);
	if (!ksm_sim_hw_has_key(hw, crypt->slot))
		return -EIO;
	return ksm_sim_engine_plain(hw, rq);
}

/**
 * ksm_sim_engine_req_init() - allocate what the engine needs for a request
 * @hw: the hardware
 * @er: zeroed, to be filled
 *
 * Return: 0 or -ENOMEM.
 */
int ksm_sim_engine_req_init(struct ksm_sim_hw *hw,
			    struct ksm_sim_engine_req *er)
{
	if (!hw->real)
		return 0;
	er->unit = kmalloc(KSM_MAX_DATA_UNIT, GFP_KERNEL);
	er->cipher = kzalloc(sizeof(*er->cipher) + hw->req_size, GFP_KERNEL);
	if (er->unit && er->cipher)
		return 0;
	ksm_sim_engine_req_exit(er);
	return -ENOMEM;
}

/**
 * ksm_sim_engine_req_exit() - free it
 * @er: what ksm_sim_engine_req_init() has filled
 */
void ksm_sim_engine_req_exit(struct ksm_sim_engine_req *er)
{
	kfree_sensitive(er->unit);
	kfree_sensitive(er->cipher);
	er->unit = NULL;
	er->cipher = NULL;
}
