/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands on their way to the controller.
 */
#ifndef _UFS_SHIM_COMMAND_H
#define _UFS_SHIM_COMMAND_H

struct shim_host;

int shim_commands_init(void);
int shim_commands_watch(struct shim_host *host);
void shim_commands_unwatch(struct shim_host *host);

#endif /* _UFS_SHIM_COMMAND_H */
