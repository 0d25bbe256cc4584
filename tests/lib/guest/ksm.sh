# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables are for the suites
# What suites of the target have in common. Not loaded by itself:
# . /ksm/tests/lib/guest/ksm.sh

# Every cipher that there is, once in each key size: <cipher>/<key bits>. Debian's
# kernels have no SM4; there ksm_test_sm4 of tests/modules is loaded by its alias.
KSM_CIPHERS=(
	aes-xts-plain64/256
	aes-xts-plain64/512
	aes-cbc-essiv:sha256/128
	aes-cbc-essiv:sha256/256
	'capi:adiantum(xchacha12,aes)-plain64/256'
	'capi:xts(sm4)-plain64/256'
)

# ksm_key BITS [DIGIT]: sets KEY to hex digits; another DIGIT (default 0), another key.
ksm_key() {
	KEY=c0de9b7f3a5512480fe1d2c3b4a5968778695a4b3c2d1e0ff00dcafe8badf00d
	KEY+=1b2d3f41526374859607a8b9cadbecfd0e1f2031425364758697a8b9cadbec5f
	KEY=${2:-0}${KEY:1:$(($1 / 4 - 1))}
}
