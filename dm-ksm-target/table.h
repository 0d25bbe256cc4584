/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table lines of the target "ksm": dm-crypt's syntax.
 */
#ifndef _DM_KSM_TABLE_H
#define _DM_KSM_TABLE_H

#include <linux/types.h>

struct dm_target;

/*
 * dm-crypt's options about where it does its work. They are accepted, so that
 * its tables can be used, and shown again, so that they can be turned back.
 */
enum ksm_sched_option {
	KSM_SAME_CPU_CRYPT,
	KSM_HIGH_PRIORITY,
	KSM_SUBMIT_FROM_CRYPT_CPUS,
	KSM_NO_READ_WORKQUEUE,
	KSM_NO_WRITE_WORKQUEUE,
	KSM_SCHED_OPTIONS,
};

/**
 * enum ksm_hw_choice - the option hw:
 * @KSM_HW_AUTO: an inline encryption engine if there is one that can do it
 * @KSM_HW_REQUIRE: an engine or nothing
 * @KSM_HW_OFF: software
 */
enum ksm_hw_choice {
	KSM_HW_AUTO,
	KSM_HW_REQUIRE,
	KSM_HW_OFF,
};

/**
 * struct ksm_line - a table line, but for key and device
 * @cipher: as given
 * @iv_offset: added to sector numbers, in sectors
 * @start: where the data begins on the device, in sectors
 * @sector_size: bytes of an encryption sector, which is the data unit
 * @sector_shift: log2 of that
 * @iv_large_sectors: IVs count encryption sectors instead of 512 bytes
 * @allow_discards: discards are passed down
 * @hw: whether to use an engine
 * @sched_options: mask of enum ksm_sched_option
 */
struct ksm_line {
	char *cipher;
	u64 iv_offset;
	sector_t start;
	unsigned int sector_size;
	unsigned int sector_shift;
	bool iv_large_sectors;
	bool allow_discards;
	enum ksm_hw_choice hw;
	unsigned long sched_options;
};

int ksm_line_parse(struct ksm_line *line, struct dm_target *ti,
		   unsigned int argc, char **argv);
void ksm_line_exit(struct ksm_line *line);
const char *ksm_sched_option_name(enum ksm_sched_option option);
const char *ksm_hw_choice_name(enum ksm_hw_choice choice);

#endif /* _DM_KSM_TABLE_H */
