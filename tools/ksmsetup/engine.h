/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inline encryption engine of a disk that has just come.
 */
#ifndef KSMSETUP_ENGINE_H
#define KSMSETUP_ENGINE_H

int engine_wait(const char *path);

#endif /* KSMSETUP_ENGINE_H */
