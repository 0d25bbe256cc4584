/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Noticing that hosts and disks come and go.
 */
#ifndef _UFS_SHIM_BUS_H
#define _UFS_SHIM_BUS_H

int shim_bus_watch(void);
void shim_bus_unwatch(void);

#endif /* _UFS_SHIM_BUS_H */
