/* SPDX-License-Identifier: GPL-2.0-only */
/* How large a data unit, its key and its IV may be. */
#ifndef UNIT_H
#define UNIT_H

#define MAX_KEY	 64
#define MAX_IV	 32
#define MAX_UNIT 4096

#define SECTOR_SHIFT 9

#endif
