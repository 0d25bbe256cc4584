// SPDX-License-Identifier: GPL-2.0-only
/* A second reading of docs/table.md: options. */
#include <string.h>
#include <strings.h>

#include "causes.h"
#include "oracle_options.h"
#include "parse.h"
#include "vocabulary.h"

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
		for (i = 0; i < nr_choices; i++) {
			o->hw = i;
			if (!strcmp(word + 3, choices[i]))
				return 0;
		}
		return BIT(HW);
	}
	for (i = 0; i < nr_no_effect; i++) {
		if (strcasecmp(word, no_effect[i]))
			continue;
		o->no_effect |= 1U << i;
		return 0;
	}
	return strncmp(word, "integrity", 9) ? BIT(OPTION) : BIT(INTEGRITY);
}

uint64_t options_wrong(struct options *o, unsigned int nr, char **words)
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
