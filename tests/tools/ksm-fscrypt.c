// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm-fscrypt - file encryption (fscrypt) of a folder, and what is needed to check it
 *
 *	ksm-fscrypt key DIR HEXKEY	add the master key to DIR's file system; prints
 *					its identifier
 *	ksm-fscrypt policy DIR ID	AES-256-XTS, AES-256-CTS, policy version 2
 *	ksm-fscrypt show FILE		prints "nonce HEX", then per extent
 *					"extent LOGICAL PHYSICAL LENGTH" (bytes)
 *	ksm-fscrypt reset DISK		have the SCSI host of DISK reset
 *
 * tests/qemu/fidelity uses it; it needs nothing but the kernel.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <scsi/sg.h>

#define MAX_EXTENTS 512

static int unhex(const char *s, uint8_t *out, size_t max)
{
	size_t n = strlen(s) / 2;

	if (n > max || strlen(s) % 2)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sscanf(s + 2 * i, "%2hhx", &out[i]) != 1)
			return -1;
	return n;
}

static void hex(const uint8_t *p, size_t n)
{
	while (n--)
		printf("%02x", *p++);
	putchar('\n');
}

static int key(int fd, const char *arg)
{
	struct fscrypt_add_key_arg *k =
		calloc(1, sizeof(*k) + FSCRYPT_MAX_KEY_SIZE);
	int n = k ? unhex(arg, k->raw, FSCRYPT_MAX_KEY_SIZE) : -1;

	if (n < 0)
		return -1;
	k->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	k->raw_size = n;
	if (ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, k))
		return -1;
	hex(k->key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	free(k);
	return 0;
}

static int policy(int fd, const char *arg)
{
	struct fscrypt_policy_v2 p = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	if (unhex(arg, p.master_key_identifier, FSCRYPT_KEY_IDENTIFIER_SIZE) !=
	    FSCRYPT_KEY_IDENTIFIER_SIZE)
		return -1;
	return ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &p);
}

static int show(int fd)
{
	struct fiemap *m = calloc(
		1, sizeof(*m) + MAX_EXTENTS * sizeof(struct fiemap_extent));
	uint8_t nonce[16];

	if (!m || ioctl(fd, FS_IOC_GET_ENCRYPTION_NONCE, nonce))
		return -1;
	printf("nonce ");
	hex(nonce, sizeof(nonce));
	m->fm_length = FIEMAP_MAX_OFFSET;
	m->fm_flags = FIEMAP_FLAG_SYNC;
	m->fm_extent_count = MAX_EXTENTS;
	if (ioctl(fd, FS_IOC_FIEMAP, m))
		return -1;
	for (uint32_t i = 0; i < m->fm_mapped_extents; i++) {
		const struct fiemap_extent *e = &m->fm_extents[i];

		/* Of inline data and the like there is no extent to look at. */
		if (e->fe_flags &
		    (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_NOT_ALIGNED |
		     FIEMAP_EXTENT_UNWRITTEN))
			return -1;
		printf("extent %llu %llu %llu\n",
		       (unsigned long long)e->fe_logical,
		       (unsigned long long)e->fe_physical,
		       (unsigned long long)e->fe_length);
	}
	free(m);
	return 0;
}

static int reset(int fd)
{
	int what = SG_SCSI_RESET_HOST;

	return ioctl(fd, SG_SCSI_RESET, &what);
}

int main(int argc, char **argv)
{
	int fd, r = -1;

	if (argc < 3) {
		fprintf(stderr,
			"usage: ksm-fscrypt key|policy|show|reset PATH [ARG]\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		perror(argv[2]);
		return 1;
	}
	if (!strcmp(argv[1], "key") && argc == 4)
		r = key(fd, argv[3]);
	else if (!strcmp(argv[1], "policy") && argc == 4)
		r = policy(fd, argv[3]);
	else if (!strcmp(argv[1], "show"))
		r = show(fd);
	else if (!strcmp(argv[1], "reset"))
		r = reset(fd);
	if (r)
		perror(argv[1]);
	close(fd);
	return r ? 1 : 0;
}
