/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals that end the program wait, from its beginning on: first keys are overwritten
 * and what is half made is undone. Whoever waits for a user asks here for both.
 */
#ifndef KSMSETUP_SIGNALS_H
#define KSMSETUP_SIGNALS_H

#include <signal.h>

void signals_begin(void);
void signals_end(void);
void signals_keep(void);
int signals_check(void);
int signals_wait_for(int fd, int timeout);
void without_signals(sigset_t *before);
void with_signals(const sigset_t *before);

#endif /* KSMSETUP_SIGNALS_H */
