/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device-mapper target "ksm-linear".
 */
#ifndef _DM_KSM_LINEAR_H
#define _DM_KSM_LINEAR_H

#include <linux/device-mapper.h>

extern struct target_type ksm_linear_target_type;

#endif /* _DM_KSM_LINEAR_H */
