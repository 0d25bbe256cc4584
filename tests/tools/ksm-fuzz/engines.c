// SPDX-License-Identifier: GPL-2.0-only
/* Engines that fail. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "disks.h"
#include "engines.h"
#include "findings.h"

static bool engines_fail;

void doubt(struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		table->t[i].doubtful = engines_fail;
}

/* The engines take no more keys, or take them again. */
void set_engines(bool fail)
{
	char path[128];
	unsigned int i;
	int fd;

	engines_fail = fail;
	for (i = 0; i < nr_disks; i++) {
		if (!disks[i].engine)
			continue;
		snprintf(path, sizeof(path),
			 "/sys/kernel/debug/ksm_sim/%s/refuse_program",
			 strrchr(disks[i].path, '/') + 1);
		fd = open(path, O_WRONLY);
		if (fd < 0 ||
		    dprintf(fd, fail ? "0xffffffffffffffff" : "0") < 1)
			err(1, "%s", path);
		close(fd);
	}
	for (i = 0; fail && i < NAMES; i++)
		doubt(&names[i].active);
}

void do_fault(void)
{
	step("engines take %s keys", engines_fail ? "" : "no");
	set_engines(!engines_fail);
	stats[STAT_FAULTS]++;
}
