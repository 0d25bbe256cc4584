// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bodies of the tracepoints.
 */
#include "keyslot.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
