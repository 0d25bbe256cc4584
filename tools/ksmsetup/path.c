// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which way the data of a mapping takes. The words are those of docs/table.md, "When an
 * engine is used".
 */
#include <string.h>

#include "path.h"

static const struct {
	const char *word, *text;
} reasons[] = {
	{ "active", "inline encryption engine, verified against software" },
	{ "off", "by --hw off" },
	{ "no-keyslot-manager",
	  "the device has no inline encryption engine, or something between hides it; for UFS, is ufs_shim loaded?" },
	{ "engine-cannot",
	  "the inline encryption engine has not this cipher, sector size or length of IVs (ksmsetup probe lists what it has)" },
	{ "start-not-aligned",
	  "the data does not begin at a multiple of the sector size" },
	{ "not-verified-yet", "not resumed yet" },
	{ "cannot-read", "verifying the engine met an I/O error" },
	{ "cannot-read-through-it", "verifying the engine met an I/O error" },
	{ "cannot-be-programmed", "no keyslot took the key" },
	{ "device-splits-data-units",
	  "the device takes no requests as large as a sector" },
	{ "does-not-see-the-data", "data got by without passing the engine" },
	{ "wrong-data",
	  "the engine decrypts differently from software; it is not used" },
	{ "engine-missed-data",
	  "some data did not pass the engine; its I/O failed" },
	{ "engine-has-gone", "the engine's device or driver went away" },
	{ "too-small-or-blocks-too-large", "too small to verify the engine" },
	{ "no-memory", "there was no memory to verify the engine" },
	{ "software-fails",
	  "the engine could not be verified, since software failed" },
};

/* path_explain() - why; or the kernel's own word. */
const char *path_explain(const struct status *status, const struct table *table)
{
	size_t i;

	if (!strcmp(status->why, "iv-counts-512-byte-sectors"))
		return !strncmp(table->cipher, "aes-xts", 7) ?
			       "IVs count 512-byte steps in larger sectors, which no inline engine can; for hardware, format LUKS2 with --sector-size 512, or use --type plain --iv-large-sectors" :
			       "IVs count 512-byte steps in larger sectors, which no inline engine can";
	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (!strcmp(status->why, reasons[i].word))
			return reasons[i].text;
	return status->why;
}
