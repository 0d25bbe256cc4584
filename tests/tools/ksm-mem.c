// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-mem - fill anonymous memory with a pattern, more than there is RAM, and
 * see whether it comes back from swap as it was
 *
 *	ksm-mem MIB PASSES
 *
 * Every pass checks all pages and writes new ones, in another order each time.
 * Exit status: 0; 1 if a page is wrong or there is no memory; 2 for wrong use.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE  4096
#define WORDS (PAGE / sizeof(uint64_t))

/* Does not compress and differs for every page and pass. */
static uint64_t word(uint64_t page, unsigned int pass, unsigned int i)
{
	uint64_t x = (page << 16 | pass << 10 | i) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	return x * 0xbf58476d1ce4e5b9ull;
}

int main(int argc, char **argv)
{
	uint64_t pages, p, n;
	uint64_t *mem, *page;
	int passes, pass;
	unsigned int i;

	if (argc != 3)
		return 2;
	pages = strtoull(argv[1], NULL, 10) * 256;
	passes = atoi(argv[2]);
	mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		err(1, "mmap");
	for (pass = 0; pass <= passes; pass++) {
		for (n = 0; n < pages; n++) {
			p = pass & 1 ? pages - 1 - n : n;
			page = mem + p * WORDS;
			for (i = 0; pass && i < WORDS; i++) {
				if (page[i] != word(p, pass - 1, i))
					errx(1,
					     "page %llu, word %u is wrong in pass %d",
					     (unsigned long long)p, i, pass);
			}
			for (i = 0; pass < passes && i < WORDS; i++)
				page[i] = word(p, pass, i);
		}
	}
	printf("%llu pages right\n", (unsigned long long)pages);
	return 0;
}
