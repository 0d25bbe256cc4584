/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nobody may stop the program between the first thing that stays and the last.
 * What takes its time (passphrases) is before that.
 */
#ifndef KSMSETUP_SIGNALS_H
#define KSMSETUP_SIGNALS_H

#include <signal.h>

static inline void without_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, before);
}

static inline void with_signals(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

#endif /* KSMSETUP_SIGNALS_H */
