/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters, checked when the module is loaded.
 */
#ifndef _KSM_PARAMS_H
#define _KSM_PARAMS_H

#include "engine.h"

extern enum ksm_engine_kind ksm_engine_choice;
extern unsigned int ksm_reserve_pages;
extern unsigned int ksm_share_ns;

#endif /* _KSM_PARAMS_H */
