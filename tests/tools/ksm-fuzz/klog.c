// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log. */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "klog.h"

#define MAX_TEXTS 256

char klog[128 * 1024];
static size_t klog_len;

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

/* What came since the last time. */
void read_log(void)
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
}

void open_log(void)
{
	kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0)
		err(1, "/dev/kmsg");
}

/* So that the log of a guest that dies says when that was. */
void mark_log(unsigned long steps, unsigned long given)
{
	dprintf(kmsg, "<6>ksm-fuzz: step %lu, %lu given", steps, given);
}

void report_texts(void)
{
	unsigned int i;

	printf("stat texts %u\n", nr_texts);
	for (i = 0; i < nr_texts; i++)
		printf("text %lu %s\n", texts[i].count, texts[i].text);
}
