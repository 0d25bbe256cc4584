// SPDX-License-Identifier: GPL-2.0-only
/* Causes of refusal, and whether the kernel named one that there was. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "causes.h"
#include "findings.h"
#include "fuzz.h"
#include "klog.h"

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
bool judge(const struct expect *e, int error)
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
