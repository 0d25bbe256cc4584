// SPDX-License-Identifier: GPL-2.0-only
/*
 * The crypto registers of a UFS host controller. What they say is checked
 * before it is used: a pointer from a register is an address that this module
 * is going to write keys to.
 */
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/string.h>
#include <ufs/ufshcd.h>
#include <ufs/ufshci.h>

#include "engine.h"
#include "ufs.h"

/* CRYPTOCFG: 32 dwords per slot. */
#define CFG_SIZE	128
#define CFG_KEY_DWORDS	16
#define CFG_CTRL	(16 * 4)
#define CFG_VENDOR	(17 * 4)
/* Its control word: data unit size as a bit, CRYPTOCAP entry, enable. */
#define CTRL_CAP_SHIFT	8
#define CTRL_ENABLE	BIT(31)
/* The second half of an XTS key starts here, however long the halves are. */
#define KEY_SECOND_HALF (KSM_MAX_KEY_SIZE / 2)

/* What of CRYPTOCAP means which mode. */
static const struct {
	u8 algorithm;
	u8 key_size;
	enum ksm_mode_id mode;
} engine_modes[] = {
	{ UFS_CRYPTO_ALG_AES_XTS, UFS_CRYPTO_KEY_SIZE_128,
	  KSM_MODE_AES_128_XTS },
	{ UFS_CRYPTO_ALG_AES_XTS, UFS_CRYPTO_KEY_SIZE_256,
	  KSM_MODE_AES_256_XTS },
};

/* The bytes of a CRYPTOCAP entry. */
static u8 cap_algorithm(u32 cap)
{
	return cap;
}

/* Bit n: data units of 512 << n bytes. */
static u8 cap_units(u32 cap)
{
	return cap >> 8;
}

static u8 cap_key_size(u32 cap)
{
	return cap >> 16;
}

static bool cap_is_mode(u32 cap, enum ksm_mode_id *mode)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(engine_modes); i++) {
		if (engine_modes[i].algorithm == cap_algorithm(cap) &&
		    engine_modes[i].key_size == cap_key_size(cap)) {
			*mode = engine_modes[i].mode;
			return true;
		}
	}
	return false;
}

/* Bytes of registers that the host's driver has mapped; 0 if not known. */
static resource_size_t mapped_size(struct ufs_hba *hba)
{
	struct resource *res;

	if (dev_is_pci(hba->dev))
		return pci_resource_len(to_pci_dev(hba->dev), 0);
	if (!dev_is_platform(hba->dev))
		return 0;
	res = platform_get_resource(to_platform_device(hba->dev),
				    IORESOURCE_MEM, 0);
	return res ? resource_size(res) : 0;
}

/*
 * May CRYPTOCAP and CRYPTOCFG be where the registers say? The array of slots
 * must not lie over registers that mean something else.
 */
static const char *check_place(const struct ufs_engine *engine)
{
	const resource_size_t size = mapped_size(engine->hba);
	const u32 caps_end = REG_UFS_CRYPTOCAP + engine->num_caps * 4;
	const u32 end = engine->base + engine->num_slots * CFG_SIZE;

	if (!size)
		return "the size of its registers is not known";
	if (caps_end > size)
		return "its list of algorithms does not fit into its registers";
	if (engine->base < caps_end)
		return "its keyslots would lie over other registers";
	if (end > size)
		return "its keyslots do not fit into its registers";
	if (compat_ufs_queue_regs(engine->hba, engine->base, end))
		return "its keyslots would lie over those of its queues";
	return NULL;
}

/**
 * ufs_engine_read() - find out about a controller's engine
 * @engine: set
 * @hba: the controller, with its clocks running
 *
 * Changes nothing.
 *
 * Context: any context.
 * Return: NULL, or why there is no engine that can be used.
 */
const char *ufs_engine_read(struct ufs_engine *engine, struct ufs_hba *hba)
{
	struct ksm_caps caps;
	const char *why;
	unsigned int i;
	u32 cap, ccap;

	memset(engine, 0, sizeof(*engine));
	engine->hba = hba;
	cap = ufshcd_readl(hba, REG_CONTROLLER_CAPABILITIES);
	if (cap == ~0U)
		return "it does not answer";
	if (!(cap & MASK_CRYPTO_SUPPORT))
		return "it has no engine (CAP.CS is 0)";

	ccap = ufshcd_readl(hba, REG_UFS_CCAP);
	engine->num_caps = ccap & 0xff;
	engine->num_slots = (ccap >> 8 & 0xff) + 1;
	engine->base = (ccap >> 24) * 0x100;
	why = check_place(engine);
	if (why)
		return why;

	engine->spare = engine->num_slots > 1 ? engine->num_slots - 1 : 1;
	for (i = 0; i < engine->num_caps; i++)
		engine->cap[i] = ufshcd_readl(hba, REG_UFS_CRYPTOCAP + i * 4);
	ufs_engine_caps(engine, &caps);
	for (i = 0; i < KSM_MODE_COUNT; i++) {
		if (caps.data_unit_sizes[i])
			return NULL;
	}
	return "its engine has none of the algorithms that are known here";
}

/**
 * ufs_engine_caps() - what the engine can do, in ksm_core's terms
 * @engine: the engine
 * @caps: set
 *
 * Context: any context.
 */
void ufs_engine_caps(const struct ufs_engine *engine, struct ksm_caps *caps)
{
	const u32 known = KSM_MAX_DATA_UNIT * 2 - KSM_MIN_DATA_UNIT;
	enum ksm_mode_id mode;
	unsigned int i;

	memset(caps, 0, sizeof(*caps));
	caps->max_dun_bytes = sizeof(u64);
	for (i = 0; i < engine->num_caps; i++) {
		if (cap_is_mode(engine->cap[i], &mode))
			caps->data_unit_sizes[mode] |=
				cap_units(engine->cap[i]) * 512 & known;
	}
}

/**
 * ufs_engine_usable_slots() - slots that keys can be put into
 * @engine: the engine
 *
 * Context: any context.
 * Return: all but the spare one.
 */
unsigned int ufs_engine_usable_slots(const struct ufs_engine *engine)
{
	return min(engine->num_slots, engine->spare);
}

/* Between HCE = 0 and 1 registers may be written, but need not answer. */
static bool controller_on(const struct ufs_engine *engine)
{
	return ufshcd_readl(engine->hba, REG_CONTROLLER_ENABLE) &
	       CONTROLLER_ENABLE;
}

/**
 * ufs_engine_enable() - switch the engine on (HCE.CGE)
 * @engine: the engine
 *
 * Without it commands that ask for encryption need not be refused. The bit is
 * gone after each reset. Mainline sets it together with HCE.HCE; it may also be
 * set later, as the kernel's driver for Intel's controllers does.
 *
 * Context: any context; the controller is enabled and its clocks run.
 * Return: whether it is on.
 */
bool ufs_engine_enable(const struct ufs_engine *engine)
{
	u32 hce;

	if (compat_ufs_always_on(engine->hba))
		return true;
	hce = ufshcd_readl(engine->hba, REG_CONTROLLER_ENABLE);
	if (hce == ~0U || !(hce & CONTROLLER_ENABLE))
		return false;
	if (!(hce & CRYPTO_GENERAL_ENABLE)) {
		ufshcd_writel(engine->hba, hce | CRYPTO_GENERAL_ENABLE,
			      REG_CONTROLLER_ENABLE);
		hce = ufshcd_readl(engine->hba, REG_CONTROLLER_ENABLE);
	}
	return hce != ~0U && hce & CRYPTO_GENERAL_ENABLE;
}

/*
 * The order of the specification, and of mainline: off, key, vendor, and the
 * control word, which enables the slot, last.
 */
static void write_slot(const struct ufs_engine *engine, unsigned int slot,
		       const __le32 *key, u32 ctrl)
{
	const u32 base = engine->base + slot * CFG_SIZE;
	int i;

	ufshcd_writel(engine->hba, 0, base + CFG_CTRL);
	for (i = 0; i < CFG_KEY_DWORDS; i++)
		ufshcd_writel(engine->hba, le32_to_cpu(key[i]), base + i * 4);
	ufshcd_writel(engine->hba, 0, base + CFG_VENDOR);
	ufshcd_writel(engine->hba, ctrl, base + CFG_CTRL);
}

static void clear_slot(const struct ufs_engine *engine, unsigned int slot)
{
	static const __le32 zeroes[CFG_KEY_DWORDS];

	write_slot(engine, slot, zeroes, 0);
}

static bool slot_reads(const struct ufs_engine *engine, unsigned int slot,
		       u32 ctrl)
{
	return ufshcd_readl(engine->hba,
			    engine->base + slot * CFG_SIZE + CFG_CTRL) == ctrl;
}

/**
 * ufs_engine_clear() - empty all slots, whoever filled them
 * @engine: the engine
 *
 * And find out whether control words can be read back. The specification says
 * so of all but the keys; nobody depends on it so far.
 *
 * Context: any context; the clocks run, no command uses a slot.
 */
void ufs_engine_clear(struct ufs_engine *engine)
{
	unsigned int slot;

	for (slot = 0; slot < engine->num_slots; slot++)
		clear_slot(engine, slot);
	/* A data unit size, but not enabled. */
	ufshcd_writel(engine->hba, 1, engine->base + CFG_CTRL);
	engine->readback = slot_reads(engine, 0, 1);
	ufshcd_writel(engine->hba, 0, engine->base + CFG_CTRL);
	engine->readback = engine->readback && slot_reads(engine, 0, 0);
}

/* The CRYPTOCAP entry for a key; -1 if there is none. */
static int find_cap(const struct ufs_engine *engine, const struct ksm_key *key)
{
	enum ksm_mode_id mode;
	int i;

	for (i = 0; i < engine->num_caps; i++) {
		if (cap_is_mode(engine->cap[i], &mode) &&
		    mode == key->mode->id &&
		    cap_units(engine->cap[i]) & (key->data_unit_size / 512))
			return i;
	}
	return -1;
}

/**
 * ufs_engine_program() - put a key into a slot
 * @engine: the engine
 * @key: the key
 * @slot: the slot, less than ufs_engine_usable_slots()
 *
 * Context: any context; the clocks run, or HCE is 0 in the course of a reset.
 * Return: 0; -EOPNOTSUPP; -EIO if the slot did not take it, and is empty.
 */
int ufs_engine_program(const struct ufs_engine *engine,
		       const struct ksm_key *key, unsigned int slot)
{
	__le32 raw[CFG_KEY_DWORDS] = {};
	const unsigned int half = key->size / 2;
	const int cap = find_cap(engine, key);
	u32 ctrl;

	if (cap < 0 || WARN_ON_ONCE(slot >= ufs_engine_usable_slots(engine)))
		return -EOPNOTSUPP;
	ctrl = CTRL_ENABLE | cap << CTRL_CAP_SHIFT | key->data_unit_size / 512;
	memcpy(raw, key->raw, half);
	memcpy((u8 *)raw + KEY_SECOND_HALF, key->raw + half, half);
	write_slot(engine, slot, raw, ctrl);
	memzero_explicit(raw, sizeof(raw));

	/* During a reset the end of it programs everything once more. */
	if (engine->readback && !slot_reads(engine, slot, ctrl) &&
	    controller_on(engine)) {
		clear_slot(engine, slot);
		return -EIO;
	}
	return 0;
}

/**
 * ufs_engine_evict() - empty a slot
 * @engine: the engine
 * @slot: the slot
 *
 * Context: as ufs_engine_program().
 * Return: 0; -EIO if the slot is still enabled.
 */
int ufs_engine_evict(const struct ufs_engine *engine, unsigned int slot)
{
	clear_slot(engine, slot);
	if (engine->readback && !slot_reads(engine, slot, 0) &&
	    controller_on(engine))
		return -EIO;
	return 0;
}
