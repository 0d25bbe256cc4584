# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Do the modules load by name, say who they are, and go again?
# vm: mem=768 disks=64M timeout=120

if [ -n "$(dmsetup targets 2>/dev/null | grep '^ksm ')" ]; then
	bail 'target ksm is there before its module'
fi
ok 'modprobe dm-ksm loads by name' modprobe dm-ksm
for m in dm_ksm ksm_core; do
	ok "module $m is loaded" grep -q "^$m " /proc/modules
done
for m in dm-ksm ksm_core ksm_passthrough crypto_fallback; do
	like "$m comes from dkms" "$(modinfo -n $m 2>&1)" '/updates/dkms/'
	like "$m is GPL" "$(modinfo -F license $m 2>&1)" '^GPL'
	isnt "$m has a description" "$(modinfo -F description $m 2>&1)" ''
	is "$m is built for this kernel" "$(modinfo -F vermagic $m 2>&1 | cut -d" " -f1)" "$KVER"
done
ok 'modprobe -r dm-ksm unloads' modprobe -r dm-ksm
nok 'and it is gone' grep -q '^dm_ksm ' /proc/modules
ok 'loads a second time' modprobe dm-ksm
like 'a scratch disk is there' "$(blockdev --getsize64 "$DISK1")" '^67108864$'
