// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's own memory.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "memory.h"
#include "message.h"

/* memory_keep_private() - keys are in no core dump. */
void memory_keep_private(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/*
 * memory_lock() - all of it stays: while a mapping is suspended, what the program would read
 * back may lie behind it; a table of dm-crypt may have a key. Not while a keyslot is opened,
 * which may take a GiB. Returns 0 or a negative errno, after having said why.
 */
int memory_lock(void)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE) ?
		       say_errno(errno, "locking memory") :
		       0;
}

void memory_unlock(void)
{
	munlockall();
}
