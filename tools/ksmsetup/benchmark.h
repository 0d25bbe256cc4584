/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command benchmark.
 */
#ifndef KSMSETUP_BENCHMARK_H
#define KSMSETUP_BENCHMARK_H

#include "options.h"

int run_benchmark(const struct options *options, char **words);

#endif /* KSMSETUP_BENCHMARK_H */
