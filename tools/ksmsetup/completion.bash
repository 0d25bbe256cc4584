# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion for ksmsetup: commands, options, names of mappings, devices.

_ksmsetup() {
	local commands='open close status suspend resume convert probe attach detach benchmark'
	local cur prev words cword command='' i
	_init_completion || return
	for ((i = 1; i < cword; i++)); do
		case " $commands " in
		*" ${words[i]} "*)
			command=${words[i]}
			break
			;;
		esac
	done
	case $prev in
	--type | -M) mapfile -t COMPREPLY < <(compgen -W 'luks luks1 luks2 plain' -- "$cur") ;;
	--hw) mapfile -t COMPREPLY < <(compgen -W 'auto require off' -- "$cur") ;;
	--sector-size) mapfile -t COMPREPLY < <(compgen -W '512 1024 2048 4096' -- "$cur") ;;
	--cipher | -c)
		mapfile -t COMPREPLY < <(compgen -W 'aes-xts-plain64 xchacha12,aes-adiantum-plain64' -- "$cur")
		;;
	--key-file | -d | --header | --tab) _filedir ;;
	--askpass) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--type --hw --key-file --keyfile-offset --keyfile-size
				--key-slot --token-id --token-only --token-type --tries --timeout --header
				--askpass --tab --fallback --readonly --allow-discards --persistent
				--test-passphrase --verify-passphrase --cipher --key-size --hash --offset
				--skip --size --sector-size --iv-large-sectors --json --deferred --back
				--batch-mode --verbose --help --version' -- "$cur")
			return
		fi
		case $command in
		'') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
		open | probe | benchmark) _filedir ;;
		attach) mapfile -t COMPREPLY < <(compgen -W "$(awk '$1 && $1 !~ /^#/ { print $1 }' /etc/ksmtab 2>/dev/null)" -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -W "$(cd /dev/mapper 2>/dev/null && echo *)" -- "$cur") ;;
		esac
		;;
	esac
}
complete -F _ksmsetup ksmsetup
