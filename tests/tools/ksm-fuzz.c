// SPDX-License-Identifier: GPL-2.0-only
// LDLIBS: -lkeyutils
/*
 * ksm-fuzz - random tables and messages for the targets "ksm" and "ksm-linear"
 *
 *	ksm-fuzz SEED COUNT DISK...
 *		until COUNT tables and messages were given to the kernel. The
 *		disks' contents are lost. The same arguments do the same again.
 *
 * Lines come from a grammar and are then damaged. A second reading of
 * docs/table.md, below, says of each of them whether it is right, and if not,
 * which texts name what is wrong with it. What the kernel says is compared with
 * that, and so are the TABLE lines that it shows.
 *
 * By ioctls of device mapper and not by dmsetup, since starting a program takes
 * longer than all the rest on an emulated processor; and not by libdevmapper,
 * since it corrects or refuses by itself much of what is to be tried here.
 *
 * Prints "flaw NAME N" for each kind of what may not be, "stat NAME N" for what
 * was done, "text N TEXT" for each error text that was seen, and "! ..." for the
 * first few flaws what led to them.
 *
 * Exit status: 0, whatever was found; 1 if something went wrong here; 2 for wrong
 * use.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <keyutils.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>
#include <linux/fs.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define NAMES	    6
#define LOWER_NAMES 2 /* these may be used by the tables of the others */
#define MAX_DISKS   4
#define MAX_TARGETS 3
#define MAX_WORDS   256
#define LINE_MAX    (80 * 1024)
#define BUF_SIZE    (256 * 1024)
#define IO_SIZE	    4096
#define FLAWS_SHOWN 3 /* of each kind */

/* ---- chance ---- */

static uint64_t rng_state;

static uint64_t rnd(void)
{
	uint64_t x = rng_state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static unsigned int below(unsigned int n)
{
	return rnd() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

#define PICK(array) ((array)[below(ARRAY_SIZE(array))])

/* ---- what was found ---- */

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

static const char *const flaw_names[FLAWS] = {
	[FLAW_ACCEPTED] = "accepted",
	[FLAW_REFUSED] = "refused",
	[FLAW_SILENT] = "silent",
	[FLAW_ERRNO] = "errno",
	[FLAW_TABLE] = "table",
	[FLAW_INFO] = "info",
	[FLAW_STATE] = "state",
	[FLAW_KEY_LOGGED] = "key-logged",
	[FLAW_KEY_SHOWN] = "key-shown",
	[FLAW_DATA] = "data",
	[FLAW_IO] = "io",
	[FLAW_PLAINTEXT] = "plaintext",
	[FLAW_LEFT] = "left",
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

static const char *const stat_names[STATS] = {
	[STAT_KSM_ACCEPTED] = "ksm-accepted",
	[STAT_KSM_REFUSED] = "ksm-refused",
	[STAT_LINEAR_ACCEPTED] = "linear-accepted",
	[STAT_LINEAR_REFUSED] = "linear-refused",
	[STAT_MIXED_ACCEPTED] = "mixed-accepted",
	[STAT_MIXED_REFUSED] = "mixed-refused",
	[STAT_SHOWN_AGAIN] = "shown-and-loaded-again",
	[STAT_MESSAGE_ACCEPTED] = "message-accepted",
	[STAT_MESSAGE_REFUSED] = "message-refused",
	[STAT_RESUME_ACCEPTED] = "resume-accepted",
	[STAT_RESUME_REFUSED] = "resume-refused",
	[STAT_SUSPEND] = "suspend",
	[STAT_REMOVE_ACCEPTED] = "remove-accepted",
	[STAT_REMOVE_REFUSED] = "remove-refused",
	[STAT_QUERIES] = "queries",
	[STAT_STRANGE_CALLS] = "strange-calls",
	[STAT_IO] = "io",
	[STAT_IO_FAILED] = "io-failed",
	[STAT_IO_ENGINE] = "io-engine",
	[STAT_FAULTS] = "engine-faults",
};

static unsigned long flaws[FLAWS], stats[STATS];
static unsigned long steps, given; /* given: tables and messages */
static bool history_shown;

/* The last steps, for who has to understand a flaw. */
#define HISTORY	     24
#define HISTORY_TEXT 420
static char history[HISTORY][HISTORY_TEXT];

/* Printable, whatever it is: the output is read as lines of text. */
static void printable(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && n + 5 < size; from++) {
		if (*from >= ' ' && *from < 127)
			to[n++] = *from;
		else
			n += sprintf(to + n, "\\x%02x", (uint8_t)*from);
	}
	to[n] = '\0';
}

__attribute__((format(printf, 1, 2))) static void step(const char *fmt, ...)
{
	static char text[LINE_MAX];
	char *slot = history[++steps % HISTORY];
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = snprintf(slot, HISTORY_TEXT, "%lu: ", steps);
	printable(slot + n, HISTORY_TEXT - n, text);
}

static void show_history(void)
{
	unsigned long i;

	for (i = steps < HISTORY ? 1 : steps - HISTORY + 1; i <= steps; i++)
		printf("!   %s\n", history[i % HISTORY]);
}

static char klog[128 * 1024]; /* the kernel's log of this step */
static size_t klog_len;

__attribute__((format(printf, 2, 3))) static void flawed(enum flaw flaw,
							 const char *fmt, ...)
{
	static char text[2048], shown[2048];
	char *line, *end;
	va_list ap;

	if (++flaws[flaw] > FLAWS_SHOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printable(shown, sizeof(shown), text);
	printf("! %s, step %lu: %s\n", flaw_names[flaw], steps, shown);
	if (history_shown)
		printf("!   %s\n", history[steps % HISTORY]);
	else
		show_history();
	history_shown = true;
	for (line = klog; *line; line = end + 1) {
		end = strchrnul(line, '\n');
		printf("!   log: %.*s\n", (int)(end - line), line);
		if (!*end)
			break;
	}
	fflush(stdout);
}

/* ---- keys ---- */

/* 64 bytes; any aligned 8 bytes of it in a wrong place give it away. */
static const char key_hex[] =
	"c0ffee0011deadbe5ca1ab1e77d15ea5e0f1d2c3b4a5968778695a4b3c2d1e0f"
	"13579bdf02468ace8badf00dfeedface0102030405060708f9e8d7c6b5a49382";

static bool leaks(const char *text)
{
	char part[17] = "";
	size_t i;

	for (i = 0; i < strlen(key_hex); i += 16) {
		memcpy(part, key_hex + i, 16);
		if (strcasestr(text, part))
			return true;
	}
	return false;
}

/**
 * struct ring_key - a key in our keyring
 * @type: its type
 * @desc: its description
 * @size: its size in bytes
 * @revoked: it is of no use any more
 * @absent: this kernel did not make it
 */
struct ring_key {
	const char *type;
	const char *desc;
	unsigned int size;
	bool revoked;
	bool absent;
};

static struct ring_key ring[] = {
	{ "logon", "fuzz:64", 64 },
	{ "logon", "fuzz:32", 32 },
	{ "logon", "fuzz:16", 16 },
	{ "user", "fuzz-64", 64 },
	{ "user", "fuzz-32", 32 },
	{ "user", "fuzz-16", 16 },
	{ "user", "back\\slash%s:64", 64 },
	{ "user", "short", 5 },
	{ "logon", "fuzz:revoked", 64, .revoked = true },
	{ "user", "revoked-32", 32, .revoked = true },
	{ "encrypted", "fuzz-enc-64", 64 },
	{ "encrypted", "fuzz-enc-32", 32 },
};

static void make_key(struct ring_key *key, const uint8_t *raw)
{
	key_serial_t id;
	char how[64];

	if (!strcmp(key->type, "encrypted")) {
		snprintf(how, sizeof(how), "new user:fuzz-64 %u", key->size);
		id = add_key(key->type, key->desc, how, strlen(how),
			     KEY_SPEC_USER_KEYRING);
		/* Not all kernels make them. */
		key->absent = id < 0;
		return;
	}
	id = add_key(key->type, key->desc, raw, key->size,
		     KEY_SPEC_USER_KEYRING);
	if (id < 0)
		err(1, "add_key %s:%s", key->type, key->desc);
	if (key->revoked && keyctl_revoke(id))
		err(1, "revoking %s", key->desc);
}

static void make_keys(void)
{
	uint8_t raw[64];
	size_t i;

	for (i = 0; i < sizeof(raw); i++)
		if (sscanf(key_hex + 2 * i, "%2hhx", &raw[i]) != 1)
			errx(1, "my key");
	for (i = 0; i < ARRAY_SIZE(ring); i++)
		make_key(&ring[i], raw);
}

/* ---- devices ---- */

/**
 * struct disk - a disk that tables may use
 * @path: its device node
 * @dev: its number
 * @sectors: its size
 * @block: its logical block size in bytes
 * @engine: it is a simulated engine
 * @fd: for looking at what is on it
 */
struct disk {
	const char *path;
	dev_t dev;
	uint64_t sectors;
	unsigned int block;
	bool engine;
	int fd;
};

static struct disk disks[MAX_DISKS];
static unsigned int nr_disks;

static void open_disk(const char *path)
{
	struct disk *disk = &disks[nr_disks++];
	uint64_t bytes;
	struct stat st;
	int block;

	disk->path = path;
	disk->fd = open(path, O_RDWR | O_DIRECT);
	if (disk->fd < 0 || fstat(disk->fd, &st) ||
	    ioctl(disk->fd, BLKGETSIZE64, &bytes) ||
	    ioctl(disk->fd, BLKSSZGET, &block))
		err(1, "%s", path);
	disk->dev = st.st_rdev;
	disk->sectors = bytes / 512;
	disk->block = block;
	disk->engine = strstr(path, "ksmsim");
}

/* What a target lies on, besides the number of a disk or name. */
enum place {
	ON_DISK,
	ON_NAME,
	ON_UNKNOWN,
};

/**
 * struct target - what we know of a target of a table
 * @linear: it is a ksm-linear
 * @other: it is neither that nor a ksm
 * @begin: where it begins in the table
 * @len: its length
 * @place: what it lies on
 * @index: which of these
 * @start: where on it
 * @unit: bytes of a data unit
 * @cipher: as given
 * @key_size: bytes of the key
 * @key: as it can be given again
 * @redacted: TABLE does not show it
 * @has_key: it has one now
 * @require: hw:require
 * @doubtful: its engine has taken no keys since it was resumed
 * @rest: what TABLE shows after the key
 */
struct target {
	bool linear;
	bool other;
	uint64_t begin;
	uint64_t len;
	enum place place;
	unsigned int index;
	uint64_t start;
	unsigned int unit;
	char cipher[64];
	unsigned int key_size;
	char key[192];
	bool redacted;
	bool has_key;
	bool require;
	bool doubtful;
	char rest[512];
};

struct table {
	unsigned int nr;
	bool readonly;
	struct target t[MAX_TARGETS];
};

/**
 * struct name - a mapped device
 * @name: its name
 * @exists: it is there
 * @dev: its number
 * @typed: a table was accepted; device mapper looks at the sizes of devices when
 *	it gets its first one, and of later ones when they are resumed
 * @suspended: it is
 * @active: the table that is in use, none if @nr is 0
 * @inactive: the table that waits for being resumed
 */
struct name {
	char name[16];
	bool exists;
	dev_t dev;
	bool typed;
	bool suspended;
	struct table active;
	struct table inactive;
};

static struct name names[NAMES];

static bool table_uses(const struct table *table, unsigned int name)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_NAME && table->t[i].index == name)
			return true;
	return false;
}

static bool in_use(unsigned int name)
{
	unsigned int i;

	for (i = 0; i < NAMES; i++)
		if (table_uses(&names[i].active, name) ||
		    table_uses(&names[i].inactive, name))
			return true;
	return false;
}

static uint64_t name_size(const struct name *n)
{
	const struct target *last;

	if (!n->active.nr)
		return 0;
	last = &n->active.t[n->active.nr - 1];
	return last->begin + last->len;
}

/* I/O to it, or to what is below it, would wait for somebody to resume it. */
static bool waits_below(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_NAME &&
		    names[table->t[i].index].suspended)
			return true;
	return false;
}

/* ---- causes of refusal ---- */

enum cause {
	/* targets */
	FEW,
	COUNT,
	OPTION,
	INTEGRITY,
	SECTOR_SIZE,
	HW,
	IV_NUMBER,
	IV_MULTIPLE,
	IV_WRAPS,
	START_NUMBER,
	START_BEYOND,
	LENGTH_MULTIPLE,
	CIPHER,
	REDACTED,
	REFERENCE,
	KEY_TYPE,
	KEY_TYPE_LACKS,
	KEY_SPACE,
	NO_KEY_GIVEN,
	KEY_ODD,
	KEY_SIZE,
	KEY_HEX,
	KEY_REVOKED,
	KEY_NOT_FOUND,
	KEY_RING_SIZE,
	DEVICE,
	NO_ENGINE,
	LINEAR_ARGS,
	LINEAR_LACKS,
	LINEAR_EARLIER,
	/* messages */
	WORDS,
	LIVE,
	SET_SIZE,
	/* resume */
	NO_KEY_SET,
	ENGINE_FAILS,
	LINEAR_LACKS_NOW,
	/* device mapper's own */
	ZERO_LENGTH,
	GAP,
	UNKNOWN_TYPE,
	MIXED,
	IMMUTABLE,
	TOO_LARGE,
	TOO_SMALL,
	START_ALIGNED,
	LEN_ALIGNED,
	LINE_ALIGNED,
	LAST_ALIGNED,
	NO_TARGETS,
	NO_SPEC,
	EMPTY_MESSAGE,
	OUTSIDE,
	NO_MESSAGES,
	NO_TABLE, /* not said in words */
	CAUSES,
};

#define BIT(cause) (1ULL << (cause))

/* What the log has, and the errnos of the call. */
static const struct {
	const char *text;
	int errnos[10];
} causes[CAUSES] = {
	[FEW] = { ": ksm: Fewer arguments than <cipher> <key> <iv_offset> <device> <start> (",
		  { EINVAL } },
	[COUNT] = { ": ksm: Number of options is wrong (", { EINVAL } },
	[OPTION] = { ": ksm: Unknown option (", { EINVAL } },
	[INTEGRITY] = { ": ksm: Integrity protection is not supported (",
			{ EINVAL } },
	[SECTOR_SIZE] = { ": ksm: sector_size is not 512, 1024, 2048 or 4096 (",
			  { EINVAL } },
	[HW] = { ": ksm: hw is not auto, require or off (", { EINVAL } },
	[IV_NUMBER] = { ": ksm: iv_offset is not a number of sectors (",
			{ EINVAL } },
	[IV_MULTIPLE] = { ": ksm: iv_offset is not a multiple of sector_size (",
			  { EINVAL } },
	[IV_WRAPS] = { ": ksm: iv_offset is so large that IVs would wrap (",
		       { EINVAL } },
	/* Of both targets. */
	[START_NUMBER] = { ": Start is not a number of sectors (", { EINVAL } },
	[START_BEYOND] = { ": Start is beyond the end of any device (",
			   { EINVAL } },
	[LENGTH_MULTIPLE] = { ": ksm: Length is not a multiple of sector_size (",
			      { EINVAL } },
	[CIPHER] = { ": ksm: Cipher is not supported (", { EINVAL } },
	/* Of tables and messages. */
	[REDACTED] = { ": Key is redacted in this table line, put the real key in its place",
		       { EINVAL } },
	[REFERENCE] = { ": Key reference is not :<size>:<type>:<description>",
			{ EINVAL } },
	[KEY_TYPE] = { ": Key type is not one of logon, user, encrypted, trusted",
		       { EINVAL } },
	[KEY_TYPE_LACKS] = { ": Key type is not available to modules in this kernel",
			     { EINVAL } },
	[KEY_SPACE] = { ": Key description contains white space", { EINVAL } },
	[NO_KEY_GIVEN] = { ": No key given", { EINVAL } },
	[KEY_ODD] = { ": Key has an odd number of hex digits", { EINVAL } },
	[KEY_SIZE] = { ": ksm: Key size does not fit the cipher (",
		       { EINVAL } },
	[KEY_HEX] = { ": Key has characters that are not hex digits",
		      { EINVAL } },
	[KEY_REVOKED] = { ": Key has been revoked", { EKEYREVOKED } },
	[KEY_NOT_FOUND] = { ": Key not found in the keyrings, or it has expired",
			    { ENOKEY } },
	[KEY_RING_SIZE] = { ": Key in the keyring has another size than given",
			    { EINVAL } },
	[DEVICE] = { ": Device cannot be opened (",
		     { ENOENT, ENODEV, ENXIO, ENOTBLK, EBUSY, EINVAL, ENOTDIR,
		       ENAMETOOLONG, EOVERFLOW } },
	[NO_ENGINE] = { ": ksm: hw:require, but there is no engine that can do this (",
			{ EOPNOTSUPP } },
	[LINEAR_ARGS] = { ": ksm-linear: Arguments are not <device> <start> (",
			  { EINVAL } },
	[LINEAR_LACKS] = { ": ksm-linear: Device or its alignment cannot do what mappings above use (",
			   { EOPNOTSUPP } },
	[LINEAR_EARLIER] = { ": ksm-linear: I/O through an earlier table has not ended yet (",
			     { EEXIST } },
	[WORDS] = { ": ksm: messages are: key set <key>, key wipe",
		    { EINVAL } },
	/* After the words as they were given. */
	[LIVE] = { ": device is not suspended", { EINVAL } },
	[SET_SIZE] = { ": ksm: key set: Key has another size than the table's",
		       { EINVAL } },
	[NO_KEY_SET] = { ": ksm: not resumed: no key is set", { EAGAIN } },
	[ENGINE_FAILS] = { ": ksm: not resumed: hw:require, but ", { EIO } },
	[LINEAR_LACKS_NOW] = { ": not resumed: devices below cannot do what mappings above use",
			       { EOPNOTSUPP } },
	[ZERO_LENGTH] = { ": zero-length target", { EINVAL } },
	[GAP] = { ": Gap in table (", { EINVAL } },
	[UNKNOWN_TYPE] = { ": unknown target type", { EINVAL } },
	[MIXED] = { " cannot be mixed with other target types", { EINVAL } },
	[IMMUTABLE] = { ": can't replace immutable target type", { EINVAL } },
	[TOO_LARGE] = { ": too large device", { EINVAL } },
	[TOO_SMALL] = { " too small for target: ", { EINVAL } },
	[START_ALIGNED] = { ": start=", { EINVAL } },
	[LEN_ALIGNED] = { ": len=", { EINVAL } },
	[LINE_ALIGNED] = { ": table line ", { EINVAL } },
	[LAST_ALIGNED] = { ": last table line ", { EINVAL } },
	[NO_TARGETS] = { ": populate_table: no targets specified", { EINVAL } },
	[NO_SPEC] = { ": unable to find target", { EINVAL } },
	[EMPTY_MESSAGE] = { ": Empty message received", { EINVAL } },
	[OUTSIDE] = { ": Target message sector outside device", { EINVAL } },
	[NO_MESSAGES] = { ": Target type does not support messages",
			  { EINVAL } },
	[NO_TABLE] = { NULL, { EINVAL, ENXIO } },
};

/**
 * struct expect - what a call may end with
 * @must: causes for refusing it, of which one has to be given
 * @may: more causes, which may be there or not
 */
struct expect {
	uint64_t must;
	uint64_t may;
};

static bool errno_fits(enum cause cause, int error)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(causes[cause].errnos); i++)
		if (causes[cause].errnos[i] == error)
			return true;
	return false;
}

static void expected_text(const struct expect *e, char *to, size_t size)
{
	size_t n = 0;
	int i;

	*to = '\0';
	for (i = 0; i < CAUSES && n + 1 < size; i++) {
		if (!((e->must | e->may) & BIT(i)))
			continue;
		n += snprintf(to + n, size - n, " [%s%s]",
			      e->must & BIT(i) ? "" : "perhaps ",
			      causes[i].text ?: "no table");
	}
}

static void judge_refused(const struct expect *e, int error)
{
	uint64_t all = e->must | e->may;
	char text[1024];
	int i;

	for (i = 0; i < CAUSES; i++) {
		if (!(all & BIT(i)) ||
		    (causes[i].text && !strstr(klog, causes[i].text)))
			continue;
		if (!errno_fits(i, error))
			flawed(FLAW_ERRNO, "%s with%s", strerror(error),
			       causes[i].text ?: " no table");
		return;
	}
	expected_text(e, text, sizeof(text));
	if (!all)
		flawed(FLAW_REFUSED, "%s, but nothing is wrong",
		       strerror(error));
	else
		flawed(FLAW_SILENT, "%s, the log does not have%s",
		       strerror(error), text);
}

/* Returns whether it was accepted. */
static bool judge(const struct expect *e, int error)
{
	char text[1024];

	if (error) {
		judge_refused(e, error);
		return false;
	}
	if (e->must) {
		expected_text(e, text, sizeof(text));
		flawed(FLAW_ACCEPTED, "in spite of%s", text);
	}
	return true;
}

/* ---- the kernel's log ---- */

#define MAX_TEXTS 256

static int kmsg;
static struct {
	char text[160];
	unsigned long count;
} texts[MAX_TEXTS];
static unsigned int nr_texts;

/* The numbers in it are another matter, and so is the device's in front. */
static void note_text(const char *line)
{
	char text[sizeof(texts[0].text)];
	unsigned int i;
	size_t n = 0;

	for (; *line && n + 1 < sizeof(text); line++) {
		if (!isdigit(*line))
			text[n++] = *line;
		else if (!n || text[n - 1] != 'N')
			text[n++] = 'N';
	}
	text[n] = '\0';
	for (i = 0; i < nr_texts; i++) {
		if (strcmp(texts[i].text, text))
			continue;
		texts[i].count++;
		return;
	}
	if (nr_texts == MAX_TEXTS)
		return;
	strcpy(texts[nr_texts].text, text);
	texts[nr_texts++].count = 1;
}

static void take_record(char *record)
{
	char *text = strchr(record, ';');
	size_t len;

	if (!text)
		return;
	text++;
	*strchrnul(text, '\n') = '\0';
	if (!strncmp(text, "device-mapper: ", 15))
		note_text(text + 15);
	len = strlen(text);
	if (klog_len + len + 2 > sizeof(klog))
		errx(1, "too much in the kernel's log");
	memcpy(klog + klog_len, text, len);
	klog_len += len;
	klog[klog_len++] = '\n';
	klog[klog_len] = '\0';
}

/* What came since the last time is what this step has caused. */
static void look(void)
{
	char record[8192];
	ssize_t n;

	klog_len = 0;
	klog[0] = '\0';
	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			err(1, "/dev/kmsg");
		record[n] = '\0';
		take_record(record);
	}
	if (leaks(klog))
		flawed(FLAW_KEY_LOGGED, "a key is in the kernel's log");
}

static void open_log(void)
{
	kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		err(1, "/dev/kmsg");
}

/* So that the log of a guest that dies says when that was. */
static void mark(void)
{
	dprintf(kmsg, "<6>ksm-fuzz: step %lu, %lu given", steps, given);
}

/* ---- calls ---- */

static int control;
static char *buf;

static struct dm_ioctl *call_begin(const char *name)
{
	struct dm_ioctl *io = (void *)buf;

	memset(io, 0, sizeof(*io));
	io->version[0] = DM_VERSION_MAJOR;
	io->version[1] = DM_VERSION_MINOR;
	io->version[2] = DM_VERSION_PATCHLEVEL;
	io->data_start = sizeof(*io);
	io->data_size = sizeof(*io) + 1024;
	snprintf(io->name, sizeof(io->name), "%s", name);
	return io;
}

/* Returns an errno or 0. */
static int call(unsigned long command, struct dm_ioctl *io)
{
	/* Have the kernel overwrite its copy: the way of cryptsetup. */
	if (one_in(2))
		io->flags |= DM_SECURE_DATA_FLAG;
	return ioctl(control, command, io) < 0 ? errno : 0;
}

/* Does the kernel agree with us about what there is? */
static void check_state(struct name *n)
{
	struct dm_ioctl *io = call_begin(n->name);
	int error = call(DM_DEV_STATUS, io);
	bool active, inactive;

	look();
	if (!n->exists || error) {
		if (n->exists || error != ENXIO)
			flawed(FLAW_STATE, "%s %s: %s", n->name,
			       n->exists ? "is there" : "is not there",
			       strerror(error));
		return;
	}
	active = io->flags & DM_ACTIVE_PRESENT_FLAG;
	inactive = io->flags & DM_INACTIVE_PRESENT_FLAG;
	n->suspended = io->flags & DM_SUSPEND_FLAG;
	if (active != !!n->active.nr || inactive != !!n->inactive.nr)
		flawed(FLAW_STATE, "%s: tables %d %d, not %u %u", n->name,
		       active, inactive, n->active.nr, n->inactive.nr);
}

/* ---- a second reading of docs/table.md ---- */

/* The kernel's isspace(), whatever the locale. */
static bool is_space(char c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || (uint8_t)c == 0xa0;
}

/* Words as device mapper makes them: a backslash takes the next byte as it is. */
static unsigned int split(char *line, char **words)
{
	unsigned int n = 0;
	char *out;

	for (;;) {
		while (is_space(*line))
			line++;
		if (!*line)
			return n;
		if (n == MAX_WORDS)
			errx(1, "too many words");
		words[n++] = out = line;
		while (*line && !is_space(*line)) {
			if (*line == '\\' && line[1])
				line++;
			*out++ = *line++;
		}
		if (*line)
			line++;
		*out = '\0';
	}
}

static bool number(const char *word, uint64_t max, uint64_t *value)
{
	uint64_t v = 0, digit;
	bool any = false;

	if (*word == '+')
		word++;
	for (; isdigit(*word); word++, any = true) {
		digit = *word - '0';
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	/* As the kernel's functions, which are made for files in sysfs. */
	if (*word == '\n')
		word++;
	*value = v;
	return any && !*word && v <= max;
}

struct cipher {
	const char *spelling;
	unsigned int key_sizes[2];
};

static const struct cipher ciphers[] = {
	{ "aes-xts-plain64", { 32, 64 } },
	{ "capi:xts(aes)-plain64", { 32, 64 } },
	{ "aes-cbc-essiv:sha256", { 16, 32 } },
	{ "capi:cbc(aes)-essiv:sha256", { 16, 32 } },
	{ "xchacha12,aes-adiantum-plain64", { 32, 32 } },
	{ "capi:adiantum(xchacha12,aes)-plain64", { 32, 32 } },
	{ "sm4-xts-plain64", { 32, 32 } },
	{ "capi:xts(sm4)-plain64", { 32, 32 } },
};

static const struct cipher *find_cipher(const char *spelling)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (!strcmp(ciphers[i].spelling, spelling))
			return &ciphers[i];
	return NULL;
}

/* What is wrong with a reference to a key; @size is set if it has one. */
static uint64_t reference_wrong(const char *word, unsigned int *size)
{
	static const char *const types[] = { "logon:", "user:", "encrypted:",
					     "trusted:" };
	const char *type = strchr(word + 1, ':'), *desc, *c;
	char digits[8] = "";
	unsigned int i;
	uint64_t value;

	/* No key has a size of eight digits. */
	if (!type || type - word - 1 >= (int)sizeof(digits))
		return BIT(REFERENCE);
	memcpy(digits, word + 1, type - word - 1);
	if (!number(digits, UINT32_MAX, &value))
		return BIT(REFERENCE);
	type++;
	desc = strchr(type, ':');
	if (!desc || desc == type || !desc[1])
		return BIT(REFERENCE);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strncmp(type, types[i], strlen(types[i])))
			break;
	if (i == ARRAY_SIZE(types))
		return BIT(KEY_TYPE);
	if (!strcmp(types[i], "trusted:"))
		return BIT(KEY_TYPE_LACKS);
	for (c = type; *c; c++)
		if (is_space(*c))
			return BIT(KEY_SPACE);
	*size = value;
	for (i = 0; i < ARRAY_SIZE(ring); i++) {
		if (strncmp(type, ring[i].type, desc - type) ||
		    strcmp(desc + 1, ring[i].desc) || ring[i].absent)
			continue;
		/* The kernel forgets them after five minutes. */
		if (ring[i].revoked)
			return BIT(KEY_REVOKED) | BIT(KEY_NOT_FOUND);
		return ring[i].size == value ? 0 : BIT(KEY_RING_SIZE);
	}
	return BIT(KEY_NOT_FOUND);
}

/* What is wrong with a key; @size is set to its size, or 0 if it has none. */
static uint64_t key_wrong(const char *word, unsigned int *size)
{
	size_t len = strlen(word);

	*size = 0;
	if (!strcmp(word, ":redacted:"))
		return BIT(REDACTED);
	if (*word == ':')
		return reference_wrong(word, size);
	if (!strcmp(word, "-"))
		return BIT(NO_KEY_GIVEN);
	if (len % 2)
		return BIT(KEY_ODD);
	*size = len / 2;
	if (strspn(word, "0123456789abcdefABCDEF") != len)
		return BIT(KEY_HEX);
	return 0;
}

static void keep_key(struct target *t, const char *word)
{
	snprintf(t->key, sizeof(t->key), "%s", word);
	t->redacted = *word != ':';
	t->has_key = true;
}

enum found {
	FOUND,
	NOT_FOUND,
	NOBODY_KNOWS,
	FORBIDDEN,
};

/* A table of mapped device @self must not use what might lead to itself. */
static enum found find_number(struct target *t, unsigned int self, dev_t dev)
{
	unsigned int i;

	for (i = 0; i < nr_disks; i++) {
		if (disks[i].dev != dev)
			continue;
		t->place = ON_DISK;
		t->index = i;
		return FOUND;
	}
	for (i = 0; i < NAMES; i++) {
		if (!names[i].exists || names[i].dev != dev)
			continue;
		if (self < LOWER_NAMES || i >= LOWER_NAMES)
			return FORBIDDEN;
		t->place = ON_NAME;
		t->index = i;
		return FOUND;
	}
	return NOBODY_KNOWS;
}

static enum found find_device(struct target *t, unsigned int self,
			      const char *word)
{
	uint64_t major, minor;
	struct stat st;
	char *colon;

	t->place = ON_UNKNOWN;
	if (isdigit(*word) && strtoull(word, &colon, 10) <= UINT32_MAX &&
	    *colon == ':' && isdigit(colon[1])) {
		major = strtoull(word, NULL, 10);
		minor = strtoull(colon + 1, &colon, 10);
		if (!*colon && major < 4096 && minor < (1 << 20))
			return find_number(t, self, makedev(major, minor));
		return NOBODY_KNOWS;
	}
	if (!stat(word, &st))
		return S_ISBLK(st.st_mode) ? find_number(t, self, st.st_rdev) :
					     NOT_FOUND;
	/* Old kernels take hex digits for a device's number. */
	if (strspn(word, "0123456789abcdefABCDEF") == strlen(word))
		return NOBODY_KNOWS;
	return NOT_FOUND;
}

/* Returns false if the table is not to be tried. */
static bool device_wrong(struct target *t, unsigned int self, const char *word,
			 struct expect *e)
{
	switch (find_device(t, self, word)) {
	case FOUND:
		/* A mapping is no device before it has had a table. */
		if (t->place == ON_NAME && !names[t->index].typed)
			e->must |= BIT(DEVICE);
		/* A read-only one may not be opened for writing. */
		if (t->place == ON_NAME && names[t->index].active.readonly)
			e->may |= BIT(DEVICE);
		return true;
	case NOT_FOUND:
		e->must |= BIT(DEVICE);
		return true;
	case NOBODY_KNOWS:
		e->may |= BIT(DEVICE) | BIT(TOO_SMALL) | BIT(START_ALIGNED) |
			  BIT(LEN_ALIGNED);
		return true;
	default:
		return false;
	}
}

static const char *const no_effect[] = { "same_cpu_crypt", "high_priority",
					 "submit_from_crypt_cpus",
					 "no_read_workqueue",
					 "no_write_workqueue" };

static const char *const choices[] = { "auto", "require", "off" };

struct options {
	bool discards;
	bool large;
	unsigned int no_effect;
	uint64_t unit;
	unsigned int hw;
};

static uint64_t option_wrong(struct options *o, const char *word)
{
	unsigned int i;

	if (!strcasecmp(word, "allow_discards")) {
		o->discards = true;
		return 0;
	}
	if (!strcasecmp(word, "iv_large_sectors")) {
		o->large = true;
		return 0;
	}
	if (!strncmp(word, "sector_size:", 12)) {
		if (number(word + 12, 4096, &o->unit) && o->unit >= 512 &&
		    !(o->unit & (o->unit - 1)))
			return 0;
		return BIT(SECTOR_SIZE);
	}
	if (!strncmp(word, "hw:", 3)) {
		for (i = 0; i < ARRAY_SIZE(choices); i++) {
			o->hw = i;
			if (!strcmp(word + 3, choices[i]))
				return 0;
		}
		return BIT(HW);
	}
	for (i = 0; i < ARRAY_SIZE(no_effect); i++) {
		if (strcasecmp(word, no_effect[i]))
			continue;
		o->no_effect |= 1U << i;
		return 0;
	}
	return strncmp(word, "integrity", 9) ? BIT(OPTION) : BIT(INTEGRITY);
}

static uint64_t options_wrong(struct options *o, unsigned int nr, char **words)
{
	uint64_t count, wrong = 0;
	unsigned int i;

	if (!nr)
		return 0;
	if (!number(words[0], UINT32_MAX, &count) || count != nr - 1)
		return BIT(COUNT);
	for (i = 1; i < nr && !wrong; i++)
		wrong = option_wrong(o, words[i]);
	return wrong;
}

static uint64_t numbers_wrong(struct target *t, const char *iv_word,
			      const char *start_word, uint64_t *iv)
{
	const uint64_t mask = t->unit / 512 - 1;
	uint64_t wrong = 0;

	if (!number(iv_word, UINT64_MAX, iv)) {
		wrong |= BIT(IV_NUMBER);
	} else {
		if (*iv & mask)
			wrong |= BIT(IV_MULTIPLE);
		if (*iv > UINT64_MAX - t->len)
			wrong |= BIT(IV_WRAPS);
	}
	if (!number(start_word, UINT64_MAX, &t->start))
		wrong |= BIT(START_NUMBER);
	else if (t->start > UINT64_MAX - t->len)
		wrong |= BIT(START_BEYOND);
	if (t->len & mask)
		wrong |= BIT(LENGTH_MULTIPLE);
	return wrong;
}

static void keep_rest(struct target *t, uint64_t iv, const struct options *o)
{
	dev_t dev = t->place == ON_DISK ? disks[t->index].dev :
		    t->place == ON_NAME ? names[t->index].dev :
					  0;
	unsigned int i, count = o->discards + o->large + (o->unit != 512) +
				!!o->hw + __builtin_popcount(o->no_effect);
	char *to = t->rest;

	to += sprintf(to, " %ju %u:%u %ju", (uintmax_t)iv, major(dev),
		      minor(dev), (uintmax_t)t->start);
	if (count)
		to += sprintf(to, " %u", count);
	if (o->discards)
		to += sprintf(to, " allow_discards");
	for (i = 0; i < ARRAY_SIZE(no_effect); i++)
		if (o->no_effect & 1U << i)
			to += sprintf(to, " %s", no_effect[i]);
	if (o->unit != 512)
		to += sprintf(to, " sector_size:%ju", (uintmax_t)o->unit);
	if (o->large)
		to += sprintf(to, " iv_large_sectors");
	if (o->hw)
		to += sprintf(to, " hw:%s", choices[o->hw]);
}

static void engine_wrong(const struct target *t, const struct options *o,
			 struct expect *e)
{
	if (!t->require)
		return;
	if ((t->unit != 512 && !o->large) || t->start & (t->unit / 512 - 1))
		e->must |= BIT(NO_ENGINE);
	else if (t->place == ON_DISK && !disks[t->index].engine)
		e->must |= BIT(NO_ENGINE);
	else if (t->place != ON_DISK)
		e->may |= BIT(NO_ENGINE);
}

/* The device and the two alignments that device mapper looks at. */
static void area_wrong(const struct target *t, struct expect *e)
{
	const uint64_t all = BIT(TOO_SMALL) | BIT(START_ALIGNED) |
			     BIT(LEN_ALIGNED);
	const struct disk *disk = &disks[t->index];
	unsigned int block = t->unit;

	if (t->place != ON_DISK) {
		e->may |= all;
		return;
	}
	if (block < disk->block)
		block = disk->block;
	if (t->start >= disk->sectors || t->len > disk->sectors - t->start)
		e->must |= BIT(TOO_SMALL);
	if (t->start & (block / 512 - 1))
		e->must |= BIT(START_ALIGNED);
	if (t->len & (block / 512 - 1))
		e->must |= BIT(LEN_ALIGNED);
}

static bool read_ksm(struct target *t, unsigned int self, unsigned int nr,
		     char **words, struct expect *e)
{
	const struct cipher *cipher;
	struct options o = { .unit = 512 };
	uint64_t iv = 0, wrong;

	if (nr < 5) {
		e->must |= BIT(FEW);
		return true;
	}
	wrong = options_wrong(&o, nr - 5, words + 5);
	e->must |= wrong;
	/* What is wrong with the rest depends on them. */
	if (wrong)
		return true;
	t->unit = o.unit;
	t->require = o.hw == 1;
	e->must |= numbers_wrong(t, words[2], words[4], &iv);
	cipher = find_cipher(words[0]);
	if (!cipher)
		e->must |= BIT(CIPHER);
	wrong = key_wrong(words[1], &t->key_size);
	e->must |= wrong;
	if (cipher && t->key_size != cipher->key_sizes[0] &&
	    t->key_size != cipher->key_sizes[1])
		e->must |= wrong ? 0 : BIT(KEY_SIZE);
	/* Of several things that are wrong with a key, any may be said. */
	if (cipher && wrong & (BIT(KEY_HEX) | BIT(KEY_REVOKED) |
			       BIT(KEY_NOT_FOUND) | BIT(KEY_RING_SIZE)))
		e->may |= BIT(KEY_SIZE);
	if (!device_wrong(t, self, words[3], e))
		return false;
	engine_wrong(t, &o, e);
	if (e->must)
		return true;
	snprintf(t->cipher, sizeof(t->cipher), "%s", words[0]);
	keep_key(t, words[1]);
	keep_rest(t, iv, &o);
	return true;
}

static bool read_linear(struct target *t, unsigned int self, unsigned int nr,
			char **words, struct expect *e)
{
	dev_t dev;

	if (nr != 2) {
		e->must |= BIT(LINEAR_ARGS);
		return true;
	}
	t->unit = 512;
	if (!number(words[1], UINT64_MAX, &t->start))
		e->must |= BIT(START_NUMBER);
	else if (t->start > UINT64_MAX - t->len)
		e->must |= BIT(START_BEYOND);
	if (!device_wrong(t, self, words[0], e))
		return false;
	/* Whether somebody above uses what this one lacks. */
	e->may |= BIT(LINEAR_LACKS);
	dev = t->place == ON_DISK ? disks[t->index].dev :
	      t->place == ON_NAME ? names[t->index].dev :
				    0;
	sprintf(t->rest, "%u:%u %ju", major(dev), minor(dev),
		(uintmax_t)t->start);
	return true;
}

/**
 * struct spec - one line of a table, as it is given
 * @type: target type
 * @begin: first sector
 * @len: number of sectors
 * @line: the arguments
 */
struct spec {
	const char *type;
	uint64_t begin;
	uint64_t len;
	char line[LINE_MAX];
};

static bool read_spec(struct target *t, unsigned int self,
		      const struct spec *spec, struct expect *e)
{
	static char line[LINE_MAX];
	char *words[MAX_WORDS];
	unsigned int nr;

	memset(t, 0, sizeof(*t));
	t->begin = spec->begin;
	t->len = spec->len;
	t->place = ON_UNKNOWN;
	t->linear = !strcmp(spec->type, "ksm-linear");
	t->other = !t->linear && strcmp(spec->type, "ksm");
	strcpy(line, spec->line);
	nr = split(line, words);
	/* Kernels from 6.12 on, before they look at the rest. */
	if (t->begin + t->len < t->begin || t->begin + t->len > INT64_MAX >> 9)
		e->may |= BIT(TOO_LARGE);
	if (!spec->len) {
		e->must |= BIT(ZERO_LENGTH);
		/* The rest may be said, or not be looked at. */
		return true;
	}
	if (t->other) {
		e->must |= strcmp(spec->type, "error") ? BIT(UNKNOWN_TYPE) : 0;
		return true;
	}
	return t->linear ? read_linear(t, self, nr, words, e) :
			   read_ksm(t, self, nr, words, e);
}

static bool is_wildcard(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].other)
			return true;
	return false;
}

/* What device mapper has against the table as a whole. */
static void whole_wrong(const struct name *n, const struct table *table,
			struct expect *e)
{
	unsigned int i, linears = 0;
	uint64_t next = 0, askew = 0;

	for (i = 0; i < table->nr; i++) {
		const struct target *t = &table->t[i];

		if (t->begin != next)
			e->must |= BIT(GAP);
		next = t->begin + t->len;
		linears += t->linear;
		askew |= t->begin | t->len;
	}
	if (linears && linears < table->nr)
		e->must |= BIT(MIXED);
	if (n->active.nr && n->active.t[0].linear && !linears &&
	    !is_wildcard(table))
		e->must |= BIT(IMMUTABLE);
	/* It depends on the largest block of all of them. */
	if (table->nr > 1 && askew & 7)
		e->may |= BIT(LINE_ALIGNED) | BIT(LAST_ALIGNED) |
			  BIT(START_ALIGNED) | BIT(LEN_ALIGNED);
}

static void areas_wrong(const struct table *table, struct expect *e)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (!table->t[i].other)
			area_wrong(&table->t[i], e);
}

/* False if the table is not to be tried. */
static bool read_table(unsigned int self, const struct spec *specs,
		       unsigned int nr, struct table *table, struct expect *e)
{
	const struct name *n = &names[self];
	unsigned int i;

	memset(e, 0, sizeof(*e));
	table->nr = nr;
	for (i = 0; i < nr; i++)
		if (!read_spec(&table->t[i], self, &specs[i], e))
			return false;
	whole_wrong(n, table, e);
	/* If it is refused already, nobody gets that far. */
	if (!n->typed && !e->must)
		areas_wrong(table, e);
	return true;
}

/* ---- the grammar ---- */

/* Words and lines of this step. */
static char arena[4 * LINE_MAX];
static size_t arena_used;

static char *room(size_t size)
{
	char *at = arena + arena_used;

	if (size > sizeof(arena) - arena_used)
		errx(1, "my memory is too small");
	arena_used += size;
	return at;
}

__attribute__((format(printf, 1, 2))) static char *word(const char *fmt, ...)
{
	size_t left = sizeof(arena) - arena_used;
	char *at = arena + arena_used;
	va_list ap;

	va_start(ap, fmt);
	room(vsnprintf(at, left, fmt, ap) + 1);
	va_end(ap);
	return at;
}

static char *filled(char with, size_t len)
{
	char *at = room(len + 1);

	memset(at, with, len);
	at[len] = '\0';
	return at;
}

static char *binary(void)
{
	size_t i, len = 1 + below(12);
	char *at = room(len + 1);

	for (i = 0; i < len; i++)
		at[i] = 1 + below(255);
	at[len] = '\0';
	return at;
}

static char *strange_number(void)
{
	static const char *const numbers[] = {
		"0",
		"1",
		"7",
		"8",
		"+8",
		"-1",
		"-8",
		"08",
		"0x10",
		"8k",
		"1.5",
		"x",
		"''",
		"\\",
		"8\\\n",
		"8\\ ",
		"511",
		"513",
		"4095",
		"4097",
		"2147483648",
		"4294967295",
		"4294967296",
		"4294967297",
		"4294967304",
		"36028797018963968",
		"9223372036854775807",
		"9223372036854775808",
		"18446744073709551608",
		"18446744073709551615",
		"18446744073709551616",
		"18446744073709551624",
		"340282366920938463463374607431768211456"
	};

	switch (below(16)) {
	case 0:
		return word("%ju", (uintmax_t)rnd());
	case 1:
		return word("%ju", (uintmax_t)1 << below(64));
	case 2:
		return word("%ju", ((uintmax_t)1 << below(64)) - 1);
	case 3:
		return word("-%ju", (uintmax_t)rnd());
	case 4:
		return filled('0' + below(10), 1 + below(300));
	default:
		return word("%s", PICK(numbers));
	}
}

/* Rarely as long as it takes to see that nobody has a buffer for it. */
static char *long_word(void)
{
	return filled(one_in(2) ? '0' : 'A' + below(58),
		      one_in(12) ? 20000 : 200 + below(2000));
}

static char *good_cipher(const struct cipher **cipher)
{
	*cipher = &PICK(ciphers);
	return word("%s", (*cipher)->spelling);
}

static char *strange_cipher(void)
{
	static const char *const strange[] = {
		"aes",
		"aes-xts",
		"aes-xts-plain",
		"AES-XTS-PLAIN64",
		"aes-xts-plain64be",
		"aes-cbc-essiv:sha1",
		"aes-cbc-essiv:",
		"capi:",
		"capi:xts(aes-plain64",
		"capi:xts(aes)-",
		"cipher_null-ecb",
		"aes:64-cbc-lmk",
		"%s%n%p",
		"sm4-cbc-plain64",
		"aes-xts-plain64-",
		"-",
		"xchacha20,aes-adiantum-plain64"
	};

	return one_in(8) ? long_word() : word("%s", PICK(strange));
}

static char *hex_key(unsigned int size)
{
	char *key = word("%.*s", (int)(2 * size), key_hex);

	/* Another key, which is known as well. */
	if (size && one_in(2))
		key[0] = 'a' + below(6);
	return key;
}

static char *good_key(unsigned int size)
{
	const struct ring_key *key;
	unsigned int i;

	if (one_in(2))
		return hex_key(size);
	for (i = 0; i < 30; i++) {
		key = &PICK(ring);
		if (key->size != size || key->revoked || key->absent)
			continue;
		return word(":%u:%s:%s", size, key->type,
			    strchr(key->desc, '\\') ? "back\\\\slash%s:64" :
						      key->desc);
	}
	return hex_key(size);
}

static char *strange_reference(void)
{
	static const char *const types[] = { "logon",	"user",	   "encrypted",
					     "trusted", "keyring", "LOGON",
					     "",	"logo",	   "asymmetric",
					     "big_key", "%s" };
	static const char *const descs[] = { "none",	 "",	      "fuzz:64",
					     "fuzz-64",	 "fuzz\\ 64", ":",
					     "fuzz",	 "%n%n",      "short",
					     "fuzz:64:", "revoked-32" };
	static const char *const whole[] = { ":",   "::",    ":::",
					     ":64", ":64:",  ":64:logon",
					     ":x:", ":::::", ":redacted:" };
	const struct ring_key *key = &PICK(ring);

	switch (below(10)) {
	case 0:
		return word("%s", PICK(whole));
	case 1:
		return word(":%s:%s:%s", strange_number(), key->type,
			    key->desc);
	case 2:
		return word(":%u:%s:%s", key->size, PICK(types), long_word());
	case 3:
		return word(":%u:%s:%s", key->size, key->type, PICK(descs));
	case 4: /* Another size than it has. */
	case 5:
		return word(":%u:%s:%s", PICK(((unsigned int[]){ 16, 32, 64 })),
			    key->type, key->desc);
	case 6: /* It may be revoked. */
	case 7:
		return word(":%u:%s:%s", key->size, key->type, key->desc);
	default:
		return word(":%u:%s:%s", key->size, PICK(types), PICK(descs));
	}
}

static char *strange_key(void)
{
	char *key;

	switch (below(8)) {
	case 0:
		return hex_key(below(65));
	case 1: /* An odd number of digits, or too many. */
		return word("%s%.*s", key_hex, 1 + below(100), key_hex);
	case 2: /* Not hex somewhere. */
		key = hex_key(PICK(((unsigned int[]){ 16, 32, 64 })));
		key[below(strlen(key))] = "gG:-/@`\x80"[below(8)];
		return key;
	case 3:
		return word("-");
	case 4:
		return word("0x%s", hex_key(32));
	default:
		return strange_reference();
	}
}

static char *good_device(unsigned int self, struct target *t)
{
	const struct name *n = &names[below(LOWER_NAMES)];
	const struct disk *disk = &disks[below(nr_disks)];

	t->place = ON_DISK;
	t->index = disk - disks;
	if (self >= LOWER_NAMES && n->exists && one_in(3)) {
		t->place = ON_NAME;
		t->index = n - names;
		return word("%u:%u", major(n->dev), minor(n->dev));
	}
	if (one_in(4))
		return word("%u:%u", major(disk->dev), minor(disk->dev));
	return word("%s", disk->path);
}

static char *strange_device(void)
{
	static const char *const strange[] = {
		"/dev/null", "/tmp",	 "/",	   "/dev/none",
		"nothing",   "259:4242", "0:0",	   "4095:1",
		"1:",	     ":1",	 "-1:0",   "1048576:0",
		"..",	     "%s",	 "/dev//", "/etc/passwd/x"
	};

	return one_in(8) ? long_word() : word("%s", PICK(strange));
}

static char *good_option(unsigned int *unit)
{
	switch (below(5)) {
	case 0:
		return word("%s", PICK(no_effect));
	case 1:
		*unit = 512 << below(4);
		return word("sector_size:%u", *unit);
	case 2:
		return word("iv_large_sectors");
	case 3:
		return word("hw:%s", PICK(choices));
	default:
		return word("%s",
			    one_in(2) ? "allow_discards" : "ALLOW_DISCARDS");
	}
}

static char *strange_option(void)
{
	static const char *const strange[] = { "integrity:28:aead",
					       "integrity_key_size:32",
					       "sector_size",
					       "sector_size:",
					       "SECTOR_SIZE:4096",
					       "hw:",
					       "hw:AUTO",
					       "hw:require:",
					       "hw",
					       "allow_discards:1",
					       "nonsense",
					       "%s%n" };

	switch (below(6)) {
	case 0:
		return word("sector_size:%s", strange_number());
	case 1:
		return word("hw:%s", long_word());
	case 2:
		return word("sector_size:%s", hex_key(32));
	default:
		return word("%s", PICK(strange));
	}
}

static char *any_word(void)
{
	const struct cipher *cipher;
	unsigned int unit;

	switch (below(12)) {
	case 0:
		return good_cipher(&cipher);
	case 1:
		return strange_cipher();
	case 2:
		return hex_key(PICK(((unsigned int[]){ 16, 32, 64 })));
	case 3:
		return strange_key();
	case 4:
		return word("%s", disks[below(nr_disks)].path);
	case 5:
		return strange_device();
	case 6:
		return good_option(&unit);
	case 7:
		return strange_option();
	case 8:
		return long_word();
	case 9:
		return binary();
	default:
		return strange_number();
	}
}

struct words {
	unsigned int nr;
	char *w[MAX_WORDS];
};

static void add(struct words *words, char *text)
{
	words->w[words->nr++] = text;
}

static void insert(struct words *words, unsigned int at, char *text)
{
	memmove(&words->w[at + 1], &words->w[at],
		(words->nr++ - at) * sizeof(words->w[0]));
	words->w[at] = text;
}

/* What could stand there, but should not. */
static char *strange_word(bool linear, unsigned int place)
{
	if (linear)
		return place ? strange_number() : strange_device();
	switch (place) {
	case 0:
		return strange_cipher();
	case 1:
		return strange_key();
	case 3:
		return strange_device();
	case 2:
	case 4:
	case 5: /* A number of options that lies, mostly. */
		return one_in(2) ? strange_number() : word("%u", below(9));
	default:
		return strange_option();
	}
}

static void damage_words(struct words *words, bool linear)
{
	unsigned int at = below(words->nr), other = below(words->nr);
	char *text;

	switch (below(10)) {
	case 0:
		memmove(&words->w[at], &words->w[at + 1],
			(--words->nr - at) * sizeof(words->w[0]));
		break;
	case 1:
		insert(words, at, words->w[at]);
		break;
	case 2:
		text = words->w[at];
		words->w[at] = words->w[other];
		words->w[other] = text;
		break;
	case 3:
		insert(words, at, any_word());
		break;
	case 4:
		words->w[at] = any_word();
		break;
	default:
		words->w[at] = strange_word(linear, at);
	}
}

static void damage_bytes(char *line)
{
	size_t len = strlen(line), at;

	if (!len)
		return;
	at = below(len);
	switch (below(5)) {
	case 0:
		line[at] = '\0';
		break;
	case 1:
		line[at] ^= 1 << below(8);
		break;
	case 2:
		line[at] = " \t\n\\:\xa0"[below(6)];
		break;
	case 3:
		memmove(&line[at], &line[at + 1], len - at);
		break;
	default:
		line[at] = 1 + below(255);
	}
}

static void join(const struct words *words, char *line)
{
	char *to = line;
	unsigned int i;

	*line = '\0';
	for (i = 0; i < words->nr; i++) {
		if (to - line + strlen(words->w[i]) + 8 > LINE_MAX)
			return;
		to += sprintf(to, "%s%s", i ? " " : "", words->w[i]);
		if (one_in(40))
			to += sprintf(to, " \t");
	}
}

/* Up to three pieces of damage to half of all lines. */
static void write_line(struct words *words, bool linear, char *line)
{
	bool damaged = one_in(2);
	unsigned int n;

	if (damaged)
		for (n = below(4); n && words->nr > 1; n--)
			damage_words(words, linear);
	join(words, line);
	if (damaged && one_in(4))
		damage_bytes(line);
}

/* The size of what a target lies on, as far as there is one. */
static uint64_t place_size(const struct target *t)
{
	return t->place == ON_DISK ? disks[t->index].sectors :
				     name_size(&names[t->index]);
}

static uint64_t good_len(uint64_t left, unsigned int parts)
{
	uint64_t len = left / parts / 8 * 8;

	if (one_in(2) && len > 8)
		len = (1 + below(len / 8)) * 8;
	return len ?: 8;
}

static uint64_t strange_len(uint64_t good)
{
	static const uint64_t lens[] = { 0,
					 1,
					 7,
					 9,
					 1ULL << 31,
					 1ULL << 32,
					 1ULL << 54,
					 1ULL << 55,
					 1ULL << 63,
					 UINT64_MAX - 7,
					 UINT64_MAX - 8,
					 UINT64_MAX };

	switch (below(4)) {
	case 0:
		return good + 1 + below(8);
	case 1:
		return good + (1 << 20);
	default:
		return PICK(lens);
	}
}

static void write_ksm(unsigned int self, unsigned int parts, struct spec *spec)
{
	struct words words = { 0 };
	const struct cipher *cipher;
	struct target t = { 0 };
	unsigned int unit = 512, i, nr;
	char *device = good_device(self, &t);
	uint64_t start = below(4) * 8;

	add(&words, good_cipher(&cipher));
	add(&words,
	    one_in(8) ? strange_key() : good_key(PICK(cipher->key_sizes)));
	add(&words, one_in(8) ? word("%ju", (uintmax_t)(UINT64_MAX
							<< (20 + below(30)))) :
				word("%u", below(4) * 8));
	add(&words, device);
	add(&words, word("%ju", (uintmax_t)start));
	nr = one_in(3) ? 0 : below(6);
	if (nr || one_in(4))
		add(&words, word("%u", nr));
	for (i = 0; i < nr; i++)
		add(&words, good_option(&unit));
	spec->len = good_len(
		place_size(&t) > start ? place_size(&t) - start : 8, parts);
	write_line(&words, false, spec->line);
}

static void write_linear(unsigned int self, unsigned int parts,
			 struct spec *spec)
{
	struct words words = { 0 };
	struct target t = { 0 };
	uint64_t start = below(3) * 8;

	add(&words, good_device(self, &t));
	add(&words, word("%ju", (uintmax_t)start));
	spec->len = good_len(
		place_size(&t) > start ? place_size(&t) - start : 8, parts);
	write_line(&words, true, spec->line);
}

static void write_spec(unsigned int self, bool linear, unsigned int parts,
		       struct spec *spec)
{
	static const char *const types[] = { "ksm-", "ksm-none", "KSM" };

	spec->type = linear ? "ksm-linear" : "ksm";
	if (linear)
		write_linear(self, parts, spec);
	else
		write_ksm(self, parts, spec);
	if (one_in(24))
		spec->len = strange_len(spec->len);
	if (one_in(64))
		spec->type = PICK(types);
	if (one_in(64)) {
		spec->type = "error";
		*spec->line = '\0';
	}
}

/* Returns the number of lines. */
static unsigned int write_table(unsigned int self, struct spec *specs)
{
	unsigned int i, nr = one_in(4) ? 1 + below(MAX_TARGETS) : 1;
	bool linear = one_in(self < LOWER_NAMES ? 2 : 16);
	uint64_t next = 0;

	/* A name that has a ksm-linear takes nothing else. */
	if (names[self].active.nr && names[self].active.t[0].linear)
		linear = !one_in(8);
	for (i = 0; i < nr; i++) {
		if (one_in(32))
			linear = !linear;
		write_spec(self, linear, nr, &specs[i]);
		specs[i].begin = next;
		next += specs[i].len;
		if (one_in(64))
			specs[i].begin += 1 + below(8);
	}
	return nr;
}

/* ---- tables ---- */

static void put_spec(char **at, uint64_t begin, uint64_t len, const char *type,
		     const char *line)
{
	struct dm_target_spec *spec = (void *)*at;
	size_t size = sizeof(*spec) + strlen(line) + 1;

	size = (size + 7) / 8 * 8;
	if (*at + size > buf + BUF_SIZE)
		errx(1, "table too large");
	memset(spec, 0, sizeof(*spec));
	spec->sector_start = begin;
	spec->length = len;
	spec->next = size;
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", type);
	strcpy((char *)(spec + 1), line);
	*at += size;
}

static int call_load(struct dm_ioctl *io, const char *end, unsigned int nr,
		     bool readonly)
{
	io->data_size = end - buf;
	io->target_count = nr;
	if (readonly)
		io->flags |= DM_READONLY_FLAG;
	return call(DM_TABLE_LOAD, io);
}

/* As the kernel shows it. */
static void shown_line(const struct target *t, char *to, size_t size)
{
	if (t->other)
		*to = '\0';
	else if (t->linear)
		snprintf(to, size, "%s", t->rest);
	else
		snprintf(to, size, "%s %s%s", t->cipher,
			 t->redacted ? ":redacted:" : t->key, t->rest);
}

/* As it can be given again: backslashes doubled, which is libdevmapper's way. */
static void given_line(const struct target *t, bool redacted, char *to,
		       size_t size)
{
	char line[1024];
	const char *from = line;

	shown_line(t, line, sizeof(line));
	if (!redacted && !t->linear && !t->other)
		snprintf(line, sizeof(line), "%s %s%s", t->cipher, t->key,
			 t->rest);
	for (; *from && size > 2; size--) {
		if (*from == '\\') {
			*to++ = '\\';
			size--;
		}
		*to++ = *from++;
	}
	*to = '\0';
}

static const char *type_of(const struct target *t)
{
	return t->other ? "error" : t->linear ? "ksm-linear" : "ksm";
}

static bool places_known(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_UNKNOWN && !table->t[i].other)
			return false;
	return true;
}

static void check_shown(const struct name *n, const struct table *table,
			const struct dm_ioctl *io)
{
	const char *at = buf + io->data_start;
	char wanted[1024];
	unsigned int i;

	if (io->target_count != table->nr) {
		flawed(FLAW_TABLE, "%s: %u lines, not %u", n->name,
		       io->target_count, table->nr);
		return;
	}
	for (i = 0; i < table->nr; i++) {
		const struct target *t = &table->t[i];
		const struct dm_target_spec *spec = (void *)at;
		const char *line = (void *)(spec + 1);

		shown_line(t, wanted, sizeof(wanted));
		if (leaks(line))
			flawed(FLAW_KEY_SHOWN, "%s: %s", n->name, line);
		if (spec->sector_start != t->begin || spec->length != t->len ||
		    strcmp(spec->target_type, type_of(t)) ||
		    (!t->other && strcmp(line, wanted)))
			flawed(FLAW_TABLE, "%s: %ju %ju %s %s, not %ju %ju %s",
			       n->name, (uintmax_t)spec->sector_start,
			       (uintmax_t)spec->length, spec->target_type, line,
			       (uintmax_t)t->begin, (uintmax_t)t->len, wanted);
		/* Counted from the first one. */
		at = buf + io->data_start + spec->next;
	}
}

/* Does TABLE show what was accepted? */
static void query_table(struct name *n, bool inactive)
{
	const struct table *table = inactive ? &n->inactive : &n->active;
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	stats[STAT_QUERIES]++;
	io->data_size = 16384;
	io->flags |= DM_STATUS_TABLE_FLAG;
	if (inactive)
		io->flags |= DM_QUERY_INACTIVE_TABLE_FLAG;
	error = call(DM_TABLE_STATUS, io);
	look();
	if (error || io->flags & DM_BUFFER_FULL_FLAG)
		flawed(FLAW_TABLE, "%s: no TABLE: %s", n->name,
		       strerror(error));
	else if (places_known(table))
		check_shown(n, table, io);
}

static int load_again(struct name *n, bool redacted)
{
	const struct table *table = &n->inactive;
	struct dm_ioctl *io = call_begin(n->name);
	char *at = buf + sizeof(*io);
	char line[2048];
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		given_line(&table->t[i], redacted, line, sizeof(line));
		put_spec(&at, table->t[i].begin, table->t[i].len,
			 type_of(&table->t[i]), line);
	}
	return call_load(io, at, table->nr, table->readonly);
}

/* What TABLE shows can be loaded, with the key in its place, and is shown again. */
static void check_again(struct name *n)
{
	struct expect e = { 0 };
	unsigned int i;
	int error;

	query_table(n, true);
	if (!places_known(&n->inactive))
		return;
	error = load_again(n, false);
	look();
	if (judge(&e, error))
		query_table(n, true);
	stats[STAT_SHOWN_AGAIN]++;

	for (i = 0; i < n->inactive.nr; i++)
		if (n->inactive.t[i].redacted)
			e.must = BIT(REDACTED);
	if (!e.must || !one_in(4))
		return;
	error = load_again(n, true);
	look();
	judge(&e, error);
}

static void count_table(const struct spec *specs, unsigned int nr,
			bool accepted)
{
	bool linear = false, ksm = false;
	enum counter at = STAT_MIXED_ACCEPTED;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		linear |= !strcmp(specs[i].type, "ksm-linear");
		ksm |= !strcmp(specs[i].type, "ksm");
	}
	if (ksm && !linear)
		at = STAT_KSM_ACCEPTED;
	else if (linear && !ksm)
		at = STAT_LINEAR_ACCEPTED;
	/* Those that are refused follow those that are accepted. */
	stats[at + !accepted]++;
}

static void do_load(unsigned int self)
{
	static struct spec specs[MAX_TARGETS];
	struct name *n = &names[self];
	struct dm_ioctl *io;
	struct table table = { 0 };
	struct expect e;
	unsigned int i, nr;
	char *at;
	int error;
	bool lie;

	do {
		arena_used = 0;
		nr = write_table(self, specs);
	} while (!read_table(self, specs, nr, &table, &e));
	table.readonly = one_in(24);
	/* More lines than there are, or none. */
	lie = one_in(64);

	io = call_begin(n->name);
	at = buf + sizeof(*io);
	for (i = 0; i < nr; i++) {
		step("load %s%s: %ju %ju %s %s", n->name,
		     table.readonly ? " (ro)" : "", (uintmax_t)specs[i].begin,
		     (uintmax_t)specs[i].len, specs[i].type, specs[i].line);
		put_spec(&at, specs[i].begin, specs[i].len, specs[i].type,
			 specs[i].line);
	}
	if (lie) {
		e.must |= BIT(NO_SPEC);
		nr++;
	}
	error = call_load(io, at, nr, table.readonly);
	given++;
	look();
	count_table(specs, nr - lie, !error);
	if (judge(&e, error)) {
		n->inactive = table;
		n->typed = true;
		check_again(n);
	}
	check_state(n);
}

/* ---- messages ---- */

static struct target *target_at(struct name *n, uint64_t sector)
{
	unsigned int i;

	for (i = 0; i < n->active.nr; i++)
		if (sector - n->active.t[i].begin < n->active.t[i].len)
			return &n->active.t[i];
	return NULL;
}

static void read_key_set(const struct target *t, const char *key,
			 struct expect *e)
{
	unsigned int size;
	uint64_t wrong = key_wrong(key, &size);

	e->must |= wrong;
	if (size == t->key_size)
		return;
	if (!wrong)
		e->must |= BIT(SET_SIZE);
	else if (wrong & (BIT(KEY_HEX) | BIT(KEY_REVOKED) | BIT(KEY_NOT_FOUND) |
			  BIT(KEY_RING_SIZE)))
		e->may |= BIT(SET_SIZE);
}

/* What is wrong with a message; @key is set to the key if it sets one. */
static void read_message(const struct name *n, const struct target *t,
			 unsigned int nr, char **words, struct expect *e,
			 const char **key)
{
	bool set = nr == 3 && !strcasecmp(words[0], "key") &&
		   !strcasecmp(words[1], "set");
	bool wipe = nr == 2 && !strcasecmp(words[0], "key") &&
		    !strcasecmp(words[1], "wipe");

	*key = NULL;
	if (!nr)
		e->must |= BIT(EMPTY_MESSAGE);
	else if (!n->active.nr)
		e->may |= BIT(NO_TABLE);
	else if (!t)
		e->must |= BIT(OUTSIDE);
	else if (t->linear || t->other)
		e->must |= BIT(NO_MESSAGES);
	else if (!set && !wipe)
		e->must |= BIT(WORDS);
	else if (!n->suspended)
		e->must |= BIT(LIVE);
	else if (set)
		read_key_set(t, *key = words[2], e);
}

static void write_message(const struct target *t, char *line)
{
	struct words words = { 0 };
	bool damaged = one_in(2);
	unsigned int n;

	add(&words, word("%s", one_in(16) ? "KEY" : "key"));
	if (one_in(3)) {
		add(&words, word("wipe"));
	} else {
		add(&words, word("%s", one_in(16) ? "Set" : "set"));
		add(&words, good_key(t && t->key_size ? t->key_size : 32));
	}
	if (damaged)
		for (n = below(3); n && words.nr > 1; n--) {
			if (words.nr == 3 && one_in(2))
				words.w[2] = strange_key();
			else
				damage_words(&words, false);
		}
	join(&words, line);
	if (damaged && one_in(4))
		damage_bytes(line);
	/* What begins so is for device mapper itself, which shows it in the log. */
	for (; *line; line++)
		if (*line == '@')
			*line = 'A';
}

static int call_message(const struct name *n, uint64_t sector, const char *line)
{
	struct dm_ioctl *io = call_begin(n->name);
	struct dm_target_msg *msg = (void *)(buf + sizeof(*io));

	msg->sector = sector;
	memcpy(msg + 1, line, strlen(line) + 1);
	io->data_size = sizeof(*io) + sizeof(*msg) + strlen(line) + 1;
	return call(DM_TARGET_MSG, io);
}

static void do_message(unsigned int self)
{
	static char line[LINE_MAX], copy[LINE_MAX];
	uint64_t sector = one_in(4) ? below(4096) : 0;
	struct name *n = &names[self];
	struct expect e = { 0 };
	char *words[MAX_WORDS];
	const char *key;
	struct target *t;
	unsigned int nr;
	int error;

	if (one_in(32))
		sector = rnd();
	t = target_at(n, sector);
	arena_used = 0;
	write_message(t, line);
	strcpy(copy, line);
	nr = split(copy, words);
	read_message(n, t, nr, words, &e, &key);
	step("message %s %ju %s", n->name, (uintmax_t)sector, line);
	error = call_message(n, sector, line);
	given++;
	look();
	stats[error ? STAT_MESSAGE_REFUSED : STAT_MESSAGE_ACCEPTED]++;
	if (!judge(&e, error) || !t || e.must)
		return;
	if (key)
		keep_key(t, key);
	else
		t->has_key = false;
}

/* ---- engines that fail ---- */

static bool engines_fail;

static void doubt(struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		table->t[i].doubtful = engines_fail;
}

/* The engines take no more keys, or take them again. */
static void set_engines(bool fail)
{
	char path[128];
	unsigned int i;
	int fd;

	engines_fail = fail;
	for (i = 0; i < nr_disks; i++) {
		if (!disks[i].engine)
			continue;
		snprintf(path, sizeof(path),
			 "/sys/kernel/debug/ksm_sim/%s/refuse_program",
			 strrchr(disks[i].path, '/') + 1);
		fd = open(path, O_WRONLY);
		if (fd < 0 ||
		    dprintf(fd, fail ? "0xffffffffffffffff" : "0") < 1)
			err(1, "%s", path);
		close(fd);
	}
	for (i = 0; fail && i < NAMES; i++)
		doubt(&names[i].active);
}

static void do_fault(void)
{
	step("engines take %s keys", engines_fail ? "" : "no");
	set_engines(!engines_fail);
	stats[STAT_FAULTS]++;
}

/* ---- what a mapping goes through ---- */

static void do_create(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	step("create %s", n->name);
	error = call(DM_DEV_CREATE, io);
	look();
	if (error) {
		if (!n->exists || error != EBUSY)
			flawed(FLAW_STATE, "create: %s", strerror(error));
		return;
	}
	if (n->exists)
		flawed(FLAW_STATE, "%s was created twice", n->name);
	memset(&n->active, 0, sizeof(n->active));
	memset(&n->inactive, 0, sizeof(n->inactive));
	n->exists = true;
	n->typed = false;
	n->suspended = false;
	n->dev = io->dev;
}

static void do_suspend(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	io->flags |= DM_SUSPEND_FLAG;
	if (one_in(4))
		io->flags |= DM_NOFLUSH_FLAG;
	if (one_in(2))
		io->flags |= DM_SKIP_LOCKFS_FLAG;
	step("suspend %s, flags %#x", n->name, io->flags);
	error = call(DM_DEV_SUSPEND, io);
	look();
	stats[STAT_SUSPEND]++;
	if (error)
		flawed(FLAW_REFUSED, "suspend: %s", strerror(error));
	check_state(n);
	if (!error && !n->suspended)
		flawed(FLAW_STATE, "%s is not suspended", n->name);
}

/* Why a table cannot begin to work. */
static void read_resume(const struct table *table, struct expect *e)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++) {
		const struct target *t = &table->t[i];

		if (t->linear)
			e->may |= BIT(LINEAR_LACKS_NOW);
		else if (!t->other && !t->has_key)
			e->must |= BIT(NO_KEY_SET);
		if (t->require)
			e->may |= BIT(ENGINE_FAILS);
	}
}

static void do_resume(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io;
	struct table *table = n->inactive.nr ? &n->inactive : &n->active;
	struct expect swap = { 0 }, e = { 0 };
	bool swaps = n->inactive.nr;
	int error;

	if (waits_below(table) || waits_below(&n->active))
		return;
	step("resume %s", n->name);
	/* The devices may be others by now, as may be what they can do. */
	if (swaps)
		areas_wrong(table, &swap);
	read_resume(table, &e);
	if (!table->nr && n->suspended)
		e.must |= BIT(NO_TABLE);
	if (!swaps && !n->suspended)
		e.must = 0;
	e.must |= swap.must;
	e.may |= swap.may;
	/* Blocks of what lies below are not known here. */
	if (swaps && table->nr > 1)
		e.may |= BIT(LINE_ALIGNED) | BIT(LAST_ALIGNED);

	io = call_begin(n->name);
	error = call(DM_DEV_SUSPEND, io);
	look();
	stats[error ? STAT_RESUME_REFUSED : STAT_RESUME_ACCEPTED]++;
	judge(&e, error);
	if (swaps) {
		/* A table that does not fit is gone, one without a key is not. */
		if (!error || strstr(klog, "preresume failed"))
			n->active = *table;
		memset(&n->inactive, 0, sizeof(n->inactive));
	}
	if (!error)
		doubt(&n->active);
	check_state(n);
	if (!error && n->active.nr && n->suspended)
		flawed(FLAW_STATE, "%s is still suspended", n->name);
}

static void do_clear(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	int error;

	step("clear %s", n->name);
	error = call(DM_TABLE_CLEAR, io);
	if (error)
		flawed(FLAW_REFUSED, "clear: %s", strerror(error));
	look();
	memset(&n->inactive, 0, sizeof(n->inactive));
	check_state(n);
}

static void do_remove(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io = call_begin(n->name);
	bool used = in_use(self);
	int error;

	step("remove %s", n->name);
	error = call(DM_DEV_REMOVE, io);
	look();
	stats[error ? STAT_REMOVE_REFUSED : STAT_REMOVE_ACCEPTED]++;
	if (error != (used ? EBUSY : 0))
		flawed(FLAW_STATE, "remove of %s, which is%s in use: %s",
		       n->name, used ? "" : " not", strerror(error));
	if (error)
		return;
	n->exists = false;
	memset(&n->active, 0, sizeof(n->active));
	memset(&n->inactive, 0, sizeof(n->inactive));
	check_state(n);
}

static void check_info(const struct name *n, const struct dm_ioctl *io)
{
	const char *at = buf + io->data_start;
	unsigned int i;

	for (i = 0; i < io->target_count && i < n->active.nr; i++) {
		const struct target *t = &n->active.t[i];
		const struct dm_target_spec *spec = (void *)at;
		const char *line = (void *)(spec + 1);

		if (leaks(line))
			flawed(FLAW_KEY_SHOWN, "%s: %s", n->name, line);
		if (!t->linear && !t->other &&
		    (!strstr(line, t->has_key ? " key:set" : " key:none") ||
		     (strncmp(line, "software ", 9) &&
		      strncmp(line, "hardware ", 9)) ||
		     !strstr(line, " errors:0 ")))
			flawed(FLAW_INFO, "%s, which has %s: %s", n->name,
			       t->has_key ? "a key" : "no key", line);
		if (t->linear && *line)
			flawed(FLAW_INFO, "%s: %s", n->name, line);
		at = buf + io->data_start + spec->next;
	}
}

static void do_query(unsigned int self)
{
	struct name *n = &names[self];
	struct dm_ioctl *io;
	int error;

	step("query %s", n->name);
	query_table(n, false);
	if (n->inactive.nr)
		query_table(n, true);
	io = call_begin(n->name);
	io->data_size = 16384;
#ifdef DM_IMA_MEASUREMENT_FLAG
	if (one_in(8))
		io->flags |= DM_IMA_MEASUREMENT_FLAG;
#endif
	/* Device mapper resumes nothing for this, but may flush. */
	if (one_in(2))
		io->flags |= DM_NOFLUSH_FLAG;
	error = call(DM_TABLE_STATUS, io);
	look();
	stats[STAT_QUERIES]++;
	if (error)
		flawed(FLAW_INFO, "%s: %s", n->name, strerror(error));
#ifdef DM_IMA_MEASUREMENT_FLAG
	else if (io->flags & DM_IMA_MEASUREMENT_FLAG)
		return;
#endif
	else
		check_info(n, io);
}

/* Calls with which there is something wrong besides the line. */
static void do_strange(unsigned int self)
{
	static const unsigned long commands[] = {
		DM_DEV_STATUS,	 DM_TABLE_LOAD, DM_TABLE_CLEAR, DM_TABLE_DEPS,
		DM_TABLE_STATUS, DM_TARGET_MSG, DM_DEV_SUSPEND, DM_DEV_REMOVE
	};
	struct dm_ioctl *io;

	step("strange calls");
	stats[STAT_STRANGE_CALLS]++;
	io = call_begin("fuzz-none");
	put_spec(&(char *){ buf + sizeof(*io) }, 0, 8, "ksm", "");
	if (call(PICK(commands), io) != ENXIO)
		flawed(FLAW_STATE, "there is a device of no name");
	look();
	if (!names[self].exists)
		return;

	/* No lines at all. */
	io = call_begin(names[self].name);
	if (!call_load(io, buf + sizeof(*io), 0, false))
		flawed(FLAW_ACCEPTED, "a table without lines");
	look();
	/* A message that does not end. */
	io = call_begin(names[self].name);
	memset(buf + sizeof(*io), 'k', 64);
	memset(buf + sizeof(*io), 0, sizeof(struct dm_target_msg));
	io->data_size = sizeof(*io) + 64;
	if (!call(DM_TARGET_MSG, io))
		flawed(FLAW_ACCEPTED, "a message without an end");
	look();
	io = call_begin(names[self].name);
	call(DM_TABLE_DEPS, io);
	check_state(&names[self]);
}

/* ---- data ---- */

/* What is below a ksm may have the second of these, but never the first. */
static const char secret[8] = "KSM-FUZZ", open_text[8] = "ksm-line";

static bool has_secret(const char *data, size_t size)
{
	size_t i;

	for (i = 0; i + sizeof(secret) <= size; i += sizeof(secret))
		if (!memcmp(data + i, secret, sizeof(secret)))
			return true;
	return false;
}

static void fill(char *data, bool linear)
{
	uint64_t n = rnd();
	size_t i;

	for (i = 0; i < IO_SIZE; i += 16, n++) {
		memcpy(data + i, linear ? open_text : secret, 8);
		memcpy(data + i + 8, &n, 8);
	}
}

static int open_name(const struct name *n)
{
	char path[64];
	int fd;

	/* There is no udev here, and numbers are used again. */
	snprintf(path, sizeof(path), "/dev/ksm-fuzz-%u-%u", major(n->dev),
		 minor(n->dev));
	if (mknod(path, S_IFBLK | 0600, n->dev) && errno != EEXIST)
		err(1, "%s", path);
	fd = open(path, O_RDWR | O_DIRECT);
	if (fd < 0)
		flawed(FLAW_IO, "%s cannot be opened: %s", path,
		       strerror(errno));
	return fd;
}

/* Write, read, compare. Returns an errno. */
static int write_and_read(int fd, off_t at, bool linear)
{
	static char *data, *got;

	if (!data) {
		data = aligned_alloc(IO_SIZE, IO_SIZE);
		got = aligned_alloc(IO_SIZE, IO_SIZE);
	}
	fill(data, linear);
	memset(got, 0, IO_SIZE);
	if (pwrite(fd, data, IO_SIZE, at) != IO_SIZE ||
	    pread(fd, got, IO_SIZE, at) != IO_SIZE)
		return errno ?: EIO;
	if (memcmp(data, got, IO_SIZE))
		flawed(FLAW_DATA,
		       "what was read at %jd is not what was written",
		       (intmax_t)at);
	return 0;
}

static void check_below(const struct target *t, uint64_t sector)
{
	static char *data;
	const struct disk *disk = &disks[t->index];

	if (!data)
		data = aligned_alloc(IO_SIZE, IO_SIZE);
	sector = (t->start + sector - t->begin) / 8 * 8;
	if (pread(disk->fd, data, IO_SIZE, sector * 512) != IO_SIZE)
		err(1, "%s", disk->path);
	if (has_secret(data, IO_SIZE))
		flawed(FLAW_PLAINTEXT, "on %s at sector %ju", disk->path,
		       (uintmax_t)sector);
}

static bool all_writable(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr; i++)
		if (table->t[i].place == ON_UNKNOWN)
			return false;
	return table->nr && !table->readonly && !waits_below(table);
}

static void do_io(unsigned int self)
{
	struct name *n = &names[self];
	const struct target *t;
	uint64_t sector;
	int fd, error;

	if (!n->exists || n->suspended || !all_writable(&n->active))
		return;
	t = &n->active.t[below(n->active.nr)];
	if (t->begin % 8 || t->len < 8 || t->other)
		return;
	sector =
		t->begin + (one_in(4) ? t->len / 8 - 1 : below(t->len / 8)) * 8;
	step("I/O to %s at sector %ju", n->name, (uintmax_t)sector);
	fd = open_name(n);
	if (fd < 0)
		return;
	error = write_and_read(fd, sector * 512, t->linear);
	close(fd);
	look();
	stats[STAT_IO]++;
	if (error) {
		stats[STAT_IO_FAILED]++;
		/* What lies on another mapping may reach beyond its end. */
		if (t->place == ON_DISK && !(t->require && t->doubtful))
			flawed(FLAW_IO, "%s", strerror(error));
	} else if (t->place == ON_DISK && !t->linear) {
		stats[STAT_IO_ENGINE] += disks[t->index].engine;
		check_below(t, sector);
	}
}

/* ---- all together ---- */

static bool remove_all(void)
{
	unsigned int i;

	/* Those above come after those below. */
	for (i = NAMES; i-- > 0;) {
		if (names[i].exists)
			do_remove(i);
		if (names[i].exists)
			return false;
	}
	return true;
}

static void scan_disk(const struct disk *disk, bool wanted)
{
	const size_t size = 1 << 20;
	char *data = aligned_alloc(IO_SIZE, size);
	bool found = false;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(disk->fd, data, size, at)) > 0) {
		found |= has_secret(data, n);
		at += n;
	}
	if (at / 512 != (off_t)disk->sectors)
		errx(1, "%s cannot be read", disk->path);
	free(data);
	if (found != wanted)
		flawed(FLAW_PLAINTEXT, "%s on %s", found ? "it is" : "not seen",
		       disk->path);
}

/* The search for plaintext would find it. */
static void prove_scan(const struct disk *disk)
{
	char *data = aligned_alloc(IO_SIZE, IO_SIZE);
	off_t at = (disk->sectors / 2) / 8 * 8 * 512;

	fill(data, false);
	if (pwrite(disk->fd, data, IO_SIZE, at) != IO_SIZE)
		err(1, "%s", disk->path);
	scan_disk(disk, true);
	memset(data, 0, IO_SIZE);
	if (pwrite(disk->fd, data, IO_SIZE, at) != IO_SIZE)
		err(1, "%s", disk->path);
	free(data);
}

static bool has_ksm(const struct table *table)
{
	return table->nr && !table->t[0].linear && !table->t[0].other;
}

/* Most messages and I/O to who makes something of them. */
static unsigned int prefer_ksm(unsigned int self)
{
	unsigned int i;

	for (i = 0; i < 8 && !has_ksm(&names[self].active); i++)
		self = below(NAMES);
	return self;
}

static void do_messages(unsigned int self)
{
	unsigned int n = 1 + below(4);

	self = prefer_ksm(self);
	if (!names[self].exists)
		return;
	if (!names[self].suspended && !one_in(4))
		do_suspend(self);
	while (n--)
		do_message(self);
	if (!one_in(4))
		do_resume(self);
}

static void one_step(void)
{
	unsigned int self = below(NAMES);
	const struct name *n = &names[self];
	unsigned int what = below(100);

	if (one_in(200)) {
		do_strange(self);
		return;
	}
	if (one_in(60)) {
		do_fault();
		return;
	}
	if (!n->exists || one_in(200)) {
		do_create(self);
		return;
	}
	/* One that waits is resumed before long; what is live is left so a while. */
	if (n->inactive.nr && one_in(3))
		do_resume(self);
	else if (what < 50)
		do_load(self);
	else if (what < 66)
		do_messages(self);
	else if (what < 70)
		do_suspend(self);
	else if (what < 78)
		do_resume(self);
	else if (what < 90)
		do_io(prefer_ksm(self));
	else if (what < 94)
		do_query(self);
	else if (what < 98)
		do_remove(self);
	else
		do_clear(self);
}

static void report(void)
{
	unsigned int i;

	for (i = 0; i < FLAWS; i++)
		printf("flaw %s %lu\n", flaw_names[i], flaws[i]);
	printf("stat steps %lu\n", steps);
	printf("stat given %lu\n", given);
	for (i = 0; i < STATS; i++)
		printf("stat %s %lu\n", stat_names[i], stats[i]);
	printf("stat texts %u\n", nr_texts);
	for (i = 0; i < nr_texts; i++)
		printf("text %lu %s\n", texts[i].count, texts[i].text);
}

int main(int argc, char **argv)
{
	unsigned long count, marked = 0;
	int i;

	if (argc < 4 || argc > 3 + MAX_DISKS)
		errx(2, "usage: ksm-fuzz SEED COUNT DISK...");
	rng_state = strtoull(argv[1], NULL, 0);
	count = strtoul(argv[2], NULL, 0);
	buf = aligned_alloc(4096, BUF_SIZE);
	control = open("/dev/mapper/control", O_RDWR);
	if (!buf || control < 0)
		err(1, "/dev/mapper/control");
	for (i = 3; i < argc; i++)
		open_disk(argv[i]);
	for (i = 0; i < NAMES; i++)
		snprintf(names[i].name, sizeof(names[i].name), "fuzz%d", i);
	open_log();
	make_keys();
	for (i = 0; i < (int)nr_disks; i++)
		prove_scan(&disks[i]);

	while (given < count) {
		one_step();
		if (steps >= marked + 500) {
			mark();
			marked = steps;
		}
	}
	set_engines(false);
	if (!remove_all())
		flawed(FLAW_LEFT, "not all could be removed");
	for (i = 0; i < (int)nr_disks; i++)
		scan_disk(&disks[i], false);
	report();
	return 0;
}
