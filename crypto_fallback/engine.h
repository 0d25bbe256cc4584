/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Engines: the implementations of a crypto mode that the CPU can run.
 */
#ifndef _KSM_ENGINE_H
#define _KSM_ENGINE_H

#include <crypto/skcipher.h>

#include <ksm/core.h>

#ifdef KSM_HAVE_AES_XTS_LIB
#include <crypto/aes-xts.h>
#endif

/* Context bytes of a request that is small enough for the stack. */
#define KSM_STACK_REQ_CTX 16

/**
 * enum ksm_engine_kind - where an implementation comes from
 * @KSM_ENGINE_SKCIPHER_SYNC: the crypto API's best that never completes later
 * @KSM_ENGINE_SKCIPHER: the crypto API's best of all
 * @KSM_ENGINE_LIBRARY: the kernel's library functions, without the crypto API
 * @KSM_ENGINE_KINDS: number of kinds; as a choice, "measure them"
 *
 * Before Linux 6.15 the fastest x86 ciphers count as asynchronous, since they
 * go through a daemon where the FPU cannot be used.
 */
enum ksm_engine_kind {
	KSM_ENGINE_SKCIPHER_SYNC,
	KSM_ENGINE_SKCIPHER,
	KSM_ENGINE_LIBRARY,
	KSM_ENGINE_KINDS,
};

/**
 * struct ksm_engine - one implementation of a mode with one key in it
 * @mode: the mode
 * @kind: where it comes from
 * @tfm: transform, unless @kind is the library
 * @lib_key: key schedule, if @kind is the library
 * @may_pend: a request may complete later than the call that made it
 * @stack_req: its requests are small and never complete later
 * @ns: nanoseconds for a page when it was measured, 0 if it was not
 * @unit: bytes of a data unit
 * @iv_step: what the IV grows by per data unit
 */
struct ksm_engine {
	const struct ksm_mode *mode;
	enum ksm_engine_kind kind;
	struct crypto_skcipher *tfm;
#ifdef KSM_HAVE_AES_XTS_LIB
	struct aes_xts_key *lib_key;
#endif
	bool may_pend;
	bool stack_req;
	u64 ns;
	unsigned int unit;
	unsigned int iv_step;
};

struct seq_file;

int ksm_engine_parse(const char *name, enum ksm_engine_kind *kind);
const char *ksm_engine_kind_name(enum ksm_engine_kind kind);

int ksm_engine_init(struct ksm_engine *engine, const struct ksm_mode *mode,
		    enum ksm_engine_kind choice);
void ksm_engine_exit(struct ksm_engine *engine);
int ksm_engine_setkey(struct ksm_engine *engine, const u8 *raw);
void ksm_engine_burn_stack(void);
const char *ksm_engine_name(const struct ksm_engine *engine);
unsigned int ksm_engine_req_size(const struct ksm_engine *engine);
void ksm_engines_show(struct seq_file *m);

#endif /* _KSM_ENGINE_H */
