/* SPDX-License-Identifier: GPL-2.0-only */
/* I/O, and the search for plaintext below. */
#ifndef DATA_H
#define DATA_H

#include <stdbool.h>

#include "disks.h"

void do_io(unsigned int self);
void scan_disk(const struct disk *disk, bool wanted);
void prove_scan(const struct disk *disk);

#endif
