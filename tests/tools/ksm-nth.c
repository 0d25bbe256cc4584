// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-nth - one device-mapper ioctl again and again, its n-th allocation failing
 *
 *	ksm-nth load NAME [WORD] < TABLE  loads it, and clears it if it was taken;
 *					its status must have WORD then
 *	ksm-nth activate NAME < TABLE	loads it and resumes
 *	ksm-nth suspend NAME		suspends, and resumes if it was taken
 *	ksm-nth message NAME TEXT	sends it; not taken back
 *	ksm-nth remove NAME [COMMAND]	removes; COMMAND makes it again, without one
 *					the first that was removed is the last
 *	ksm-nth modprobe FILE PARAMS [COMMAND [FIRST]]  loads a module and unloads
 *					it, by COMMAND if there is one; begins with
 *					the allocation of that number
 *	ksm-nth io DEVICE		writes directly, reads, and compares
 *
 * The first attempt has its first allocation fail, the second its second, until
 * one came to its end before it had that many. The kernel must have fault
 * injection (/proc/PID/fail-nth, failslab, fail_page_alloc); only what the ioctl
 * itself allocates fails, nothing that this program needs around it.
 *
 * Prints "N failed, N in spite of it"; and before it "errno N TIMES" for
 * each error that there was. The status is 0 if the last attempt, without a
 * fault, succeeded.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>
#include <linux/fs.h>

#define BUF_SIZE 16384
/* Four pages: for more, direct I/O itself allocates before there is a bio. */
#define IO_SIZE	 16384
#define MAX_NTH	 4000
#define ERRNOS	 134

static int control;
static int nth_file;
static const char *name;
static const char *text;
static const char *command;
static unsigned int first = 1;
static char table[BUF_SIZE / 2];

/* Have the N-th allocation from here on fail; 0: none. */
static void set_nth(unsigned int n)
{
	char digits[16];
	int len = snprintf(digits, sizeof(digits), "%u", n);

	if (pwrite(nth_file, digits, len, 0) != len)
		err(1, "fail-nth");
}

/* How many allocations were missing; 0 if the fault came. */
static unsigned int get_nth(void)
{
	char digits[16] = "";

	if (pread(nth_file, digits, sizeof(digits) - 1, 0) < 1)
		err(1, "fail-nth");
	return strtoul(digits, NULL, 10);
}

static struct dm_ioctl *new_ioctl(unsigned int flags)
{
	static union {
		struct dm_ioctl dmi;
		char space[BUF_SIZE];
	} buf;

	memset(&buf, 0, sizeof(buf));
	buf.dmi.version[0] = DM_VERSION_MAJOR;
	buf.dmi.data_size = BUF_SIZE;
	buf.dmi.data_start = sizeof(buf.dmi);
	/* A table or message may have a key. */
	buf.dmi.flags = flags | DM_SECURE_DATA_FLAG;
	snprintf(buf.dmi.name, sizeof(buf.dmi.name), "%s", name);
	return &buf.dmi;
}

/* One ioctl, whose N-th allocation fails. Returns 0 or an errno. */
static int call(unsigned long cmd, struct dm_ioctl *dmi, unsigned int n)
{
	int ret;

	set_nth(n);
	ret = ioctl(control, cmd, dmi) ? errno : 0;
	return ret;
}

static int load(unsigned int n)
{
	struct dm_ioctl *dmi = new_ioctl(0);
	struct dm_target_spec *spec = (void *)(dmi + 1);
	unsigned long long start, length;
	int at = 0;

	if (sscanf(table, "%llu %llu %15s %n", &start, &length,
		   spec->target_type, &at) < 3 ||
	    !at)
		errx(2, "no table");
	dmi->target_count = 1;
	spec->sector_start = start;
	spec->length = length;
	strcpy((char *)(spec + 1), table + at);
	return call(DM_TABLE_LOAD, dmi, n);
}

static int clear(void)
{
	return call(DM_TABLE_CLEAR, new_ioctl(0), 0);
}

/* Whether the table that is loaded and not live has this word in its status. */
static bool loaded_says(const char *word)
{
	struct dm_ioctl *dmi = new_ioctl(DM_QUERY_INACTIVE_TABLE_FLAG);
	struct dm_target_spec *spec;

	if (call(DM_TABLE_STATUS, dmi, 0))
		err(1, "status");
	spec = (void *)((char *)dmi + dmi->data_start);
	return dmi->target_count == 1 && strstr((char *)(spec + 1), word);
}

static int suspend(unsigned int n)
{
	return call(DM_DEV_SUSPEND, new_ioctl(DM_SUSPEND_FLAG), n);
}

static int resume(unsigned int n)
{
	return call(DM_DEV_SUSPEND, new_ioctl(0), n);
}

static int message(unsigned int n)
{
	struct dm_ioctl *dmi = new_ioctl(0);
	struct dm_target_msg *msg = (void *)(dmi + 1);

	strcpy(msg->message, text);
	return call(DM_TARGET_MSG, dmi, n);
}

/* ---- what is tried, with its N-th allocation failing, and undone ---- */

static int try_load(unsigned int n)
{
	int ret = load(n);
	unsigned int left = get_nth();

	if (!ret && text && !loaded_says(text))
		errx(1, "allocation %u failing, it is loaded without %s", n,
		     text);
	clear();
	set_nth(left);
	return ret;
}

static int try_activate(unsigned int n)
{
	unsigned int left;
	int ret;

	if (suspend(0) || load(0))
		err(1, "suspending and loading");
	ret = resume(n);
	left = get_nth();
	/* What was not resumed must be possible to resume. */
	if (ret && resume(0))
		err(1, "resuming after error %d", ret);
	set_nth(left);
	return ret;
}

static int try_suspend(unsigned int n)
{
	int ret = suspend(n);
	unsigned int left = get_nth();

	if (!ret && resume(0))
		err(1, "resuming");
	set_nth(left);
	return ret;
}

static int try_remove(unsigned int n)
{
	int ret = call(DM_DEV_REMOVE, new_ioctl(0), n);
	unsigned int left = get_nth();

	set_nth(0);
	/* In spite of the fault: there is one fault more to try. */
	if (!ret && !left && text && system(text))
		err(1, "%s", text);
	set_nth(left);
	return ret;
}

static int try_modprobe(unsigned int n)
{
	char module[64], *at;
	unsigned int left;
	int fd, ret;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(2, "%s", name);
	snprintf(module, sizeof(module), "%s", basename(name));
	*strchrnul(module, '.') = 0;
	for (at = module; *at; at++)
		if (*at == '-')
			*at = '_';
	set_nth(n);
	ret = syscall(SYS_finit_module, fd, text, 0) ? errno : 0;
	left = get_nth();
	set_nth(0);
	close(fd);
	if (!ret &&
	    (command ? system(command) : syscall(SYS_delete_module, module, 0)))
		err(1, "unloading %s", module);
	set_nth(left);
	return ret;
}

static int transfer(int fd, unsigned char *written, unsigned char *back)
{
	ssize_t n = pwrite(fd, written, IO_SIZE, 0);

	if (n == IO_SIZE)
		n = pread(fd, back, IO_SIZE, 0);
	if (n < 0)
		return errno;
	return n == IO_SIZE ? 0 : EIO;
}

static int try_io(unsigned int n)
{
	static unsigned char written[IO_SIZE] __attribute__((aligned(4096)));
	static unsigned char back[IO_SIZE] __attribute__((aligned(4096)));
	int fd = open(name, O_RDWR | O_DIRECT | O_CLOEXEC);
	int ret;

	if (fd < 0)
		err(2, "%s", name);
	memset(written, n, IO_SIZE);
	memset(back, ~n, IO_SIZE);
	set_nth(n);
	ret = transfer(fd, written, back);
	n = get_nth();
	set_nth(0);
	close(fd);
	if (!ret && memcmp(written, back, IO_SIZE))
		errx(1, "what was read is not what was written");
	set_nth(n);
	return ret;
}

static const struct what {
	const char *name;
	int (*try)(unsigned int n);
	bool table;
	/* How many arguments there may be after NAME. */
	int least, most;
} whats[] = {
	{ "load", try_load, true, 0, 1 },
	{ "activate", try_activate, true, 0, 0 },
	{ "suspend", try_suspend, false, 0, 0 },
	{ "message", message, false, 1, 1 },
	{ "remove", try_remove, false, 0, 1 },
	{ "modprobe", try_modprobe, false, 1, 3 },
	{ "io", try_io, false, 0, 0 },
};

static int sweep(const struct what *what)
{
	unsigned int failed = 0, spite = 0, n, i, errnos[ERRNOS] = { 0 };
	int ret = -1;

	for (n = first; n <= MAX_NTH; n++) {
		bool more;

		ret = what->try(n);
		more = get_nth();
		set_nth(0);
		if (more)
			break;
		if (ret) {
			failed++;
			errnos[ret < ERRNOS ? ret : 0]++;
		} else {
			spite++;
			/* There is nothing to be removed a second time. */
			if (what->try == try_remove && !text)
				break;
		}
	}
	for (i = 0; i < ERRNOS; i++)
		if (errnos[i])
			printf("errno %u %u\n", i, errnos[i]);
	printf("%u failed, %u in spite of it\n", failed, spite);
	if (ret)
		warnx("without a fault: %s", strerror(ret));
	return ret || n > MAX_NTH;
}

int main(int argc, char **argv)
{
	const struct what *what = whats;

	while (what < whats + sizeof(whats) / sizeof(*whats) &&
	       (argc < 3 || strcmp(what->name, argv[1])))
		what++;
	if (what == whats + sizeof(whats) / sizeof(*whats) ||
	    argc < 3 + what->least || argc > 3 + what->most)
		errx(2, "usage: see the source");
	name = argv[2];
	text = argv[3];
	if (argc > 4)
		command = argv[4];
	if (argc > 5)
		first = strtoul(argv[5], NULL, 10);
	if (what->table && !fgets(table, sizeof(table), stdin))
		errx(2, "no table");
	table[strcspn(table, "\n")] = 0;
	nth_file = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_file < 0)
		err(1, "no fault injection");
	/* Not there before the module is, and not needed to load one. */
	control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (control < 0 && what->try != try_modprobe)
		err(1, "device mapper");
	return sweep(what);
}
