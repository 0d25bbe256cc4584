// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table lines:
 * <cipher> <key> <iv_offset> <device> <start> [<#options> <options>...]
 */
#define DM_MSG_PREFIX "ksm"

#include <linux/device-mapper.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <ksm/core.h>

#include "table.h"

#define KSM_LINE_ARGS 5

static const char *const sched_option_names[KSM_SCHED_OPTIONS] = {
	[KSM_SAME_CPU_CRYPT] = "same_cpu_crypt",
	[KSM_HIGH_PRIORITY] = "high_priority",
	[KSM_SUBMIT_FROM_CRYPT_CPUS] = "submit_from_crypt_cpus",
	[KSM_NO_READ_WORKQUEUE] = "no_read_workqueue",
	[KSM_NO_WRITE_WORKQUEUE] = "no_write_workqueue",
};

static const char *const hw_choice_names[] = {
	[KSM_HW_AUTO] = "auto",
	[KSM_HW_REQUIRE] = "require",
	[KSM_HW_OFF] = "off",
};

/**
 * ksm_sched_option_name() - how an option is written
 * @option: the option
 *
 * Return: its name.
 */
const char *ksm_sched_option_name(enum ksm_sched_option option)
{
	return sched_option_names[option];
}

/**
 * ksm_hw_choice_name() - how a value of the option hw: is written
 * @choice: the value
 *
 * Return: its name.
 */
const char *ksm_hw_choice_name(enum ksm_hw_choice choice)
{
	return hw_choice_names[choice];
}

static int parse_hw(struct ksm_line *line, struct dm_target *ti,
		    const char *arg)
{
	int choice =
		match_string(hw_choice_names, ARRAY_SIZE(hw_choice_names), arg);

	if (choice < 0) {
		ti->error = "hw is not auto, require or off";
		return -EINVAL;
	}
	line->hw = choice;
	return 0;
}

static int parse_sector_size(struct ksm_line *line, struct dm_target *ti,
			     const char *arg)
{
	if (kstrtouint(arg, 10, &line->sector_size) ||
	    !is_power_of_2(line->sector_size) ||
	    line->sector_size < KSM_MIN_DATA_UNIT ||
	    line->sector_size > KSM_MAX_DATA_UNIT) {
		ti->error = "sector_size is not 512, 1024, 2048 or 4096";
		return -EINVAL;
	}
	line->sector_shift = ilog2(line->sector_size);
	return 0;
}

static int parse_option(struct ksm_line *line, struct dm_target *ti,
			const char *arg)
{
	int i;

	if (!strcasecmp(arg, "allow_discards")) {
		line->allow_discards = true;
		return 0;
	}
	if (!strcasecmp(arg, "iv_large_sectors")) {
		line->iv_large_sectors = true;
		return 0;
	}
	if (str_has_prefix(arg, "sector_size:"))
		return parse_sector_size(line, ti,
					 arg + strlen("sector_size:"));
	if (str_has_prefix(arg, "hw:"))
		return parse_hw(line, ti, arg + strlen("hw:"));
	for (i = 0; i < KSM_SCHED_OPTIONS; i++) {
		if (!strcasecmp(arg, sched_option_names[i])) {
			__set_bit(i, &line->sched_options);
			return 0;
		}
	}

	if (str_has_prefix(arg, "integrity"))
		ti->error = "Integrity protection is not supported";
	else
		ti->error = "Unknown option";
	return -EINVAL;
}

static int parse_options(struct ksm_line *line, struct dm_target *ti,
			 unsigned int argc, char **argv)
{
	unsigned int count, i;
	int err;

	if (kstrtouint(argv[0], 10, &count) || count != argc - 1) {
		DMERR("%u options follow their number", argc - 1);
		ti->error = "Number of options is wrong";
		return -EINVAL;
	}
	for (i = 1; i < argc; i++) {
		err = parse_option(line, ti, argv[i]);
		if (err) {
			/* Not its text: a key may have got into its place. */
			DMERR("option %u of %u is refused", i, count);
			return err;
		}
	}
	return 0;
}

static int parse_iv_offset(struct ksm_line *line, struct dm_target *ti,
			   const char *arg)
{
	unsigned int unit_sectors = line->sector_size >> SECTOR_SHIFT;

	if (kstrtou64(arg, 10, &line->iv_offset)) {
		ti->error = "iv_offset is not a number of sectors";
		return -EINVAL;
	}
	if (line->iv_offset & (unit_sectors - 1)) {
		ti->error = "iv_offset is not a multiple of sector_size";
		return -EINVAL;
	}
	/* IVs must not repeat within the mapping. */
	if (line->iv_offset > U64_MAX - ti->len) {
		ti->error = "iv_offset is so large that IVs would wrap";
		return -EINVAL;
	}
	return 0;
}

static int parse_numbers(struct ksm_line *line, struct dm_target *ti,
			 char **argv)
{
	u64 start;
	int err;

	err = parse_iv_offset(line, ti, argv[2]);
	if (err)
		return err;
	if (kstrtou64(argv[4], 10, &start) || start != (sector_t)start) {
		ti->error = "Start is not a number of sectors";
		return -EINVAL;
	}
	line->start = start;
	if (start > U64_MAX - ti->len) {
		ti->error = "Start is beyond the end of any device";
		return -EINVAL;
	}
	if (ti->len & ((line->sector_size >> SECTOR_SHIFT) - 1)) {
		ti->error = "Length is not a multiple of sector_size";
		return -EINVAL;
	}
	return 0;
}

/**
 * ksm_line_parse() - read a table line, but for key and device
 * @line: set to what it says; ksm_line_exit() frees it, also on failure
 * @ti: the target, whose error is set if this fails
 * @argc: number of arguments
 * @argv: the arguments
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int ksm_line_parse(struct ksm_line *line, struct dm_target *ti,
		   unsigned int argc, char **argv)
{
	int err;

	memset(line, 0, sizeof(*line));
	line->sector_size = KSM_MIN_DATA_UNIT;
	line->sector_shift = SECTOR_SHIFT;
	if (argc < KSM_LINE_ARGS) {
		ti->error =
			"Fewer arguments than <cipher> <key> <iv_offset> <device> <start>";
		return -EINVAL;
	}
	/* The others depend on the sector size. */
	if (argc > KSM_LINE_ARGS) {
		err = parse_options(line, ti, argc - KSM_LINE_ARGS,
				    argv + KSM_LINE_ARGS);
		if (err)
			return err;
	}
	err = parse_numbers(line, ti, argv);
	if (err)
		return err;

	line->cipher = kstrdup(argv[0], GFP_KERNEL);
	if (!line->cipher) {
		ti->error = "Out of memory";
		return -ENOMEM;
	}
	return 0;
}

/**
 * ksm_line_exit() - free what ksm_line_parse() allocated
 * @line: the line
 */
void ksm_line_exit(struct ksm_line *line)
{
	/* In a wrong line this is the key. */
	kfree_sensitive(line->cipher);
}
