/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, hex digits and XOR of bytes in memory. */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

uint32_t get_le32(const uint8_t *p);
void put_le32(uint8_t *p, uint32_t v);
void put_le64(uint8_t *p, uint64_t v);
void xor_bytes(uint8_t *dst, const uint8_t *src, size_t len);
ssize_t parse_hex(const char *hex, uint8_t *out, size_t max);

#endif
