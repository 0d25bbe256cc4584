# SPDX-License-Identifier: GPL-2.0-only
#
# What a person types. The kernel's build system reads Kbuild instead.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
KSM_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
export KSM_VERSION

KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR)

# W=1 and the like go through to the kernel's build system by themselves.
modules: compat/configured
	+$(KBUILD) modules

# Asks again whenever it is called: KDIR may be another kernel's this time.
compat/configured:
	+@compat/configure.sh $(KDIR)

install: modules
	+$(KBUILD) modules_install
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KVER)

dkms-install:
	tests/lib/host/dkms-here.sh $(KVER)

demo:
	tests/demo

check:
	tests/check

# The same with more rounds where chance plays a part, and all suites on all kernels.
check-deep:
	KSM_DEEP=1 tests/check

bench:
	tests/bench/run --quick

lint:
	tests/lint

# K=6.12 FLAVOUR=kcsan for data races, FLAVOUR=cov for coverage.
debug-kernel:
	tests/run --prepare --kernel $(K)-$(or $(FLAVOUR),debug)

fidelity:
	tests/qemu/fidelity

# Packages for the Debian that this is.
deb:
	packaging/deb

# What packaging/rpm and packaging/arch build of.
dist:
	packaging/dist

clean:
	find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' \
		-o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name '*.o.d' -o -name 'modules.order' \
		-o -name 'Module.symvers' -o -name '.module-common.o' \) \
		-exec rm -f {} +
	rm -f compat/generated.h compat/probe/probe.log

help:
	@echo 'make              build the modules for the running kernel'
	@echo '                  (KVER=<version> or KDIR=<build folder> for another)'
	@echo 'make install      build and install them, without DKMS'
	@echo 'make dkms-install install them through DKMS, which rebuilds them'
	@echo '                  for every new kernel'
	@echo 'make demo         show it all in a virtual machine'
	@echo 'make check        run every test, most on one or two of the kernels'
	@echo 'make check-deep   the same with more power cuts, fuzzing and suites: much longer'
	@echo 'make bench        measure what encryption costs, on every kernel'
	@echo 'make lint         checkpatch, sparse, W=1, clang-format, shellcheck'
	@echo 'make debug-kernel K=6.12   a kernel with KASAN, lockdep, fault injection ...'
	@echo '                  for tests/run --kernel 6.12-debug (FLAVOUR=kcsan: data races)'
	@echo 'make fidelity     prove the model of a UFS controller against mainline Linux'
	@echo 'make deb          Debian packages ksm-dkms and ksmsetup, in build/'
	@echo 'make dist         ksm-VERSION.tar.gz for packaging/rpm and packaging/arch, in build/'
	@echo 'make clean        remove what was built'

.PHONY: modules compat/configured install dkms-install demo check check-deep bench lint debug-kernel fidelity deb dist clean help
