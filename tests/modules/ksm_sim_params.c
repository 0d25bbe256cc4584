// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim: module parameters, read once when the module is loaded. All but
 * "devices" are arrays with one entry for each device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ksm_sim.h"

/* What an entry is that is not given: the default, not the one before it. */
#define EACH(value)                                      \
	{                                                \
		[0 ... KSM_SIM_MAX_DEVICES - 1] = value, \
	}

#define ALL_UNITS (512 | 1024 | 2048 | 4096)

static const char *const engines[] = { "null", "real" };
static const char *const contexts[] = {
	[KSM_SIM_SOFTIRQ] = "softirq",
	[KSM_SIM_HARDIRQ] = "hardirq",
	[KSM_SIM_TASK] = "task",
};

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "number of disks, 1 to 8");

static unsigned int size[] = EACH(64);
module_param_array(size, uint, NULL, 0444);
MODULE_PARM_DESC(size, "MiB");

static unsigned int slots[] = EACH(4);
module_param_array(slots, uint, NULL, 0444);
MODULE_PARM_DESC(slots, "keyslots; 0: every request brings its key");

static char *modes[] = EACH("all");
module_param_array(modes, charp, NULL, 0444);
MODULE_PARM_DESC(modes, "modes joined by +, or all that the kernel has");

static unsigned int units[] = EACH(ALL_UNITS);
module_param_array(units, uint, NULL, 0444);
MODULE_PARM_DESC(units, "sum of data unit sizes");

static unsigned int dun_bytes[] = EACH(8);
module_param_array(dun_bytes, uint, NULL, 0444);
MODULE_PARM_DESC(dun_bytes, "bytes of data unit number, 1 to 8");

static unsigned int queues[] = EACH(1);
module_param_array(queues, uint, NULL, 0444);
MODULE_PARM_DESC(queues, "hardware queues");

static unsigned int depth[] = EACH(64);
module_param_array(depth, uint, NULL, 0444);
MODULE_PARM_DESC(depth, "requests per queue");

static unsigned int block[] = EACH(512);
module_param_array(block, uint, NULL, 0444);
MODULE_PARM_DESC(block, "logical block size");

static unsigned int max_sectors[KSM_SIM_MAX_DEVICES];
module_param_array(max_sectors, uint, NULL, 0444);
MODULE_PARM_DESC(max_sectors, "sectors per request; 0: kernel's default");

static unsigned int max_segments[KSM_SIM_MAX_DEVICES];
module_param_array(max_segments, uint, NULL, 0444);
MODULE_PARM_DESC(max_segments, "segments per request; 0: 128");

static char *engine[] = EACH("real");
module_param_array(engine, charp, NULL, 0444);
MODULE_PARM_DESC(engine, "real: encrypts; null: only checks");

static char *complete_in[] = EACH("softirq");
module_param_array_named(complete, complete_in, charp, NULL, 0444);
MODULE_PARM_DESC(complete, "where requests end: softirq, hardirq or task");

static bool rpm[KSM_SIM_MAX_DEVICES];
module_param_array(rpm, bool, NULL, 0444);
MODULE_PARM_DESC(rpm, "runtime power management");

static int check_range(const char *name, unsigned int value, unsigned int min,
		       unsigned int max)
{
	if (value >= min && value <= max)
		return 0;
	pr_err("%s=%u: must be %u to %u\n", name, value, min, max);
	return -EINVAL;
}

static int check_numbers(unsigned int nr)
{
	if (check_range("size", size[nr], 1, 16384) ||
	    check_range("slots", slots[nr], 0, KSM_MAX_SLOTS) ||
	    check_range("dun_bytes", dun_bytes[nr], 1, sizeof(u64)) ||
	    check_range("queues", queues[nr], 1, 64) ||
	    check_range("depth", depth[nr], 1, 1024) ||
	    check_range("block", block[nr], 512, 4096) ||
	    check_range("max_segments", max_segments[nr], 0, 1024))
		return -EINVAL;
	/* The block layer insists on requests of a page. */
	if (max_sectors[nr] && check_range("max_sectors", max_sectors[nr],
					   PAGE_SIZE >> SECTOR_SHIFT, 65536))
		return -EINVAL;
	if (!is_power_of_2(block[nr])) {
		pr_err("block=%u: must be a power of 2\n", block[nr]);
		return -EINVAL;
	}
	if (!units[nr] || units[nr] & ~ALL_UNITS) {
		pr_err("units=%u: must be a sum of 512, 1024, 2048, 4096\n",
		       units[nr]);
		return -EINVAL;
	}
	return 0;
}

static int read_word(const char *name, const char *value,
		     const char *const *words, size_t count)
{
	int i = match_string(words, count, value);

	if (i < 0)
		pr_err("%s=%s: unknown\n", name, value);
	return i;
}

static int find_mode(const char *name)
{
	int id;

	for (id = 0; id < KSM_MODE_COUNT; id++) {
		if (!strcmp(ksm_mode_get(id)->name, name))
			return id;
	}
	return -EINVAL;
}

static int read_modes(const char *list, struct ksm_sim_params *params)
{
	char *copy, *rest, *name;
	int id = 0;

	if (!strcmp(list, "all")) {
		params->all_modes = true;
		params->modes = BIT(KSM_MODE_COUNT) - 1;
		return 0;
	}
	copy = kstrdup(list, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (id >= 0 && (name = strsep(&rest, "+"))) {
		id = find_mode(name);
		if (id >= 0)
			params->modes |= BIT(id);
	}
	kfree(copy);
	if (id >= 0)
		return 0;
	pr_err("modes=%s: unknown mode\n", list);
	return id;
}

/**
 * ksm_sim_params_devices() - the number of devices
 *
 * Return: the number, 0 if the parameter is wrong.
 */
unsigned int ksm_sim_params_devices(void)
{
	if (check_range("devices", devices, 1, KSM_SIM_MAX_DEVICES))
		return 0;
	return devices;
}

/**
 * ksm_sim_params_read() - check and read one device's parameters
 * @nr: number of the device
 * @params: set to them
 *
 * Return: 0, or a negative errno after a message that names the parameter.
 */
int ksm_sim_params_read(unsigned int nr, struct ksm_sim_params *params)
{
	int real, context, err;

	memset(params, 0, sizeof(*params));
	err = check_numbers(nr);
	if (!err)
		err = read_modes(modes[nr], params);
	if (err)
		return err;
	real = read_word("engine", engine[nr], engines, ARRAY_SIZE(engines));
	if (real < 0)
		return real;
	context = read_word("complete", complete_in[nr], contexts,
			    ARRAY_SIZE(contexts));
	if (context < 0)
		return context;

	params->size = (size_t)size[nr] << 20;
	params->slots = slots[nr];
	params->units = units[nr];
	params->dun_bytes = dun_bytes[nr];
	params->queues = queues[nr];
	params->depth = depth[nr];
	params->block = block[nr];
	params->max_sectors = max_sectors[nr];
	params->max_segments = max_segments[nr] ?: BLK_MAX_SEGMENTS;
	params->real = real;
	params->complete = context;
	params->rpm = rpm[nr];
	return 0;
}
