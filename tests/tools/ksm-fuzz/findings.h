/* SPDX-License-Identifier: GPL-2.0-only */
/* What was found and what was done. */
#ifndef FINDINGS_H
#define FINDINGS_H

enum flaw {
	FLAW_ACCEPTED,
	FLAW_REFUSED,
	FLAW_SILENT,
	FLAW_ERRNO,
	FLAW_TABLE,
	FLAW_INFO,
	FLAW_STATE,
	FLAW_KEY_LOGGED,
	FLAW_KEY_SHOWN,
	FLAW_DATA,
	FLAW_IO,
	FLAW_PLAINTEXT,
	FLAW_LEFT,
	FLAWS,
};

enum counter {
	STAT_KSM_ACCEPTED,
	STAT_KSM_REFUSED,
	STAT_LINEAR_ACCEPTED,
	STAT_LINEAR_REFUSED,
	STAT_MIXED_ACCEPTED,
	STAT_MIXED_REFUSED,
	STAT_SHOWN_AGAIN,
	STAT_MESSAGE_ACCEPTED,
	STAT_MESSAGE_REFUSED,
	STAT_RESUME_ACCEPTED,
	STAT_RESUME_REFUSED,
	STAT_SUSPEND,
	STAT_REMOVE_ACCEPTED,
	STAT_REMOVE_REFUSED,
	STAT_QUERIES,
	STAT_STRANGE_CALLS,
	STAT_IO,
	STAT_IO_FAILED,
	STAT_IO_ENGINE,
	STAT_FAULTS,
	STATS,
};

extern unsigned long stats[STATS];
extern unsigned long steps, given; /* given: tables and messages */

__attribute__((format(printf, 1, 2))) void step(const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void flawed(enum flaw flaw,
						  const char *fmt, ...);
void look(void);
void report_findings(void);

#endif
