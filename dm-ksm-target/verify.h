/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the engine do what the software does?
 */
#ifndef _DM_KSM_VERIFY_H
#define _DM_KSM_VERIFY_H

struct ksm_target;

int ksm_verify(struct ksm_target *kt, const char **why);

#endif /* _DM_KSM_VERIFY_H */
