# What twinc asks of a machine that it reaches by SSH: sh -c '...' sh VERB ROOT [WORD], names one a line or a tar stream on standard input.
# ROOT/content/KEY is what tasks read, once for all of them: KEY is its SHA-256, with an x behind it where it may be run. KEY.stamp
# says what it looked like when it was whole; what looks otherwise now is not taken for it. ROOT/RUN-NUMBER is an attempt's folder.
set -u
umask 022
verb=$1 root=$2
stamp() { find "content/$1" -exec stat -c '%n %F %s %y %i' {} + 2>/dev/null | sort | cksum; }
has() { [ -e "content/$1" ] && [ "$(stamp "$1")" = "$(cat "content/$1.stamp" 2>/dev/null)" ]; }
# PATH becomes the content KEY; nothing changes it from now on.
store() { # PATH KEY
	if [ -e "content/$2" ]; then
		chmod -R u+w "content/$2"
		rm -rf "content/$2" "content/$2.stamp"
	fi
	mv -T "$1" "content/$2" && chmod -R a-w "content/$2" && stamp "$2" >"content/$2.part" && mv "content/$2.part" "content/$2.stamp"
}
# Its script stays in its folder while it runs, so a number that was given to another process is told apart.
alive() { # NAME
	pid=$(cat "$1/pid" 2>/dev/null) && [ -n "$pid" ] && [ "/proc/$pid/cwd" -ef "$1" ]
}
# Signals what belongs to attempts, but not the scripts that keep their ends. True: there was something.
hunt() { # SIGNAL SESSION:NAME...
	signal=$1 hit=1
	shift
	wanted=" $* "
	for stat in /proc/[0-9]*/stat; do
		{ read -r line <"$stat"; } 2>/dev/null || continue
		pid=${line%% *}
		# shellcheck disable=SC2086 # state, parent, group, session
		set -- ${line##*) }
		case $wanted in *" ${4:-0}:"*) ;; *) continue ;; esac
		[ "$pid" != "$4" ] || continue
		name=${wanted#*" $4:"}
		tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "TMPDIR=$root/${name%% *}/tmp" || continue
		kill -"$signal" "$pid" 2>/dev/null && hit=0
	done
	return $hit
}
sessions() { # names on standard input
	while read -r name; do
		pid=$(cat "$name/pid" 2>/dev/null) && [ -n "$pid" ] && printf '%s:%s ' "$pid" "$name"
	done
}
# Engines keep a container whose client is killed: NAME/container is what they call it.
clear() { # NAME...
	for attempt in "$@"; do
		[ -s "$attempt/container" ] || continue
		container=$(cat "$attempt/container")
		for engine in podman docker; do
			command -v $engine >/dev/null && {
				$engine kill "$container"
				$engine rm --force "$container"
			}
		done
	done </dev/null >/dev/null 2>&1
}
start() { # NAME
	(
		cd "$1" && mkdir -p work tmp || exit
		TMPDIR=$root/$1/tmp setsid nohup sh -c 'echo $$ >pid.part && mv pid.part pid && exec sh ./task' </dev/null >/dev/null 2>&1 &
	)
}

if [ "$verb" = open ]; then
	for program in tar setsid nohup sha256sum cksum find mktemp timeout; do
		command -v $program >/dev/null || {
			echo "there is no $program on its PATH" >&2
			exit 3
		}
	done
	[ -d /proc/self ] || {
		echo "it has no /proc" >&2
		exit 3
	}
	[ -d "$root" ] || mkdir -m 700 "$root" || exit 3
	[ ! -L "$root" ] && [ -O "$root" ] || {
		echo "$root belongs to somebody else" >&2
		exit 3
	}
	chmod 700 "$root" && mkdir -p "$root/content" && cd "$root" || exit 3
	find . -maxdepth 1 -name 'in.*' -mmin +1440 -exec rm -rf {} +
	[ ! -d batch ] || find batch -type f -mtime +30 -exec rm -f {} +
	echo "$(nproc) $(id -u) $(id -g)"
	exit
fi
cd "$root" || exit 3
case $verb in
lacks) # keys: those that are not there
	while read -r key; do
		has "$key" || echo "$key"
	done
	;;
take | keep) # a stream of content/KEY, batch/FILE and task/NAME: tasks start, or lie there for somebody else to start them
	in=$(mktemp -d in.XXXXXX) || exit 4
	trap 'chmod -R u+w "$in"; rm -rf "$in"' EXIT
	why=$(tar -xof - -C "$in" 2>&1) || {
		# shellcheck disable=SC2046 # columns
		set -- $(df -Pk "$in" | tail -n 1)
		echo "$(echo "$why" | grep -v '^tar: Exiting' | head -n 1) (its disk has $4 KiB left)" >&2
		exit 4
	}
	[ -e "$in/whole" ] || {
		echo "the stream was cut" >&2
		exit 4
	}
	for path in "$in"/content/*; do
		[ -e "$path" ] || continue
		key=${path##*/}
		if [ -f "$path" ]; then
			sum=$(sha256sum <"$path")
			[ "${sum%% *}" = "${key%x}" ] || {
				echo "$key arrived as ${sum%% *}" >&2
				exit 5
			}
		fi
		store "$path" "$key" || exit 4
	done
	for path in "$in"/batch/*; do
		[ ! -e "$path" ] || { mkdir -p batch && mv "$path" batch/; } || exit 4
	done
	started=
	for path in "$in"/task/*; do
		name=${path##*/}
		# Once and for all: it is not there, or was given up, or runs already.
		[ -d "$path" ] && mv -T "$path" "$name" 2>/dev/null || continue
		if [ "$verb" = keep ]; then
			mkdir -p "$name/work" "$name/tmp" || exit 4
			continue
		fi
		start "$name"
		started="$started $name"
	done
	for name in $started; do
		n=0
		while [ ! -e "$name/pid" ] && [ $n -lt 200 ]; do
			n=$((n + 1))
			sleep 0.02
		done
	done
	;;
look) # names: what became of them
	while read -r name; do
		alive "$name" && word=runs || word=gone
		if [ -s "$name/exit" ]; then
			word="ended $(cat "$name/exit")"
		elif [ ! -e "$name" ]; then
			word=none
		fi
		echo "$name $word"
	done
	;;
stand) # names: how far they are, where somebody else starts them
	while read -r name; do
		word=lies
		if [ -s "$name/exit" ]; then
			word="ended $(cat "$name/exit")"
		elif [ ! -e "$name" ]; then
			word=none
		elif [ -e "$name/begun" ]; then
			word=begun
		fi
		echo "$name $word"
	done
	;;
run) # WORD: a line of commands
	eval "exec $3"
	;;
give) # names: what they left, as a stream
	names=$(cat)
	found=$(echo "$names" | sessions)
	# shellcheck disable=SC2086 # words
	[ -z "$found" ] || while hunt KILL $found; do :; done
	for name in $names; do
		case $(cat "$name/exit" 2>/dev/null) in 124* | 137*) clear "$name" ;; esac
	done
	set --
	for name in $names; do
		find "$name/in" -type l 2>/dev/null | while IFS= read -r path; do
			key=$(readlink "$path")
			has "${key##*/}" || echo "${path#"$name/"}"
		done >"$name/spoiled"
		for path in work out err spoiled exit; do
			[ ! -e "$name/$path" ] || set -- "$@" "$name/$path"
		done
	done
	exec tar --hard-dereference -cf - "$@"
	;;
done) # names: they were brought home; what they made stays as content, for those that read it next
	while read -r name; do
		find "$name/work" -type f | while IFS= read -r path; do
			[ -f "$path" ] && sum=$(sha256sum <"$path") || continue
			key=${sum%% *}
			[ ! -x "$path" ] || key=${key}x
			has "$key" || store "$path" "$key"
		done
		chmod -R u+w "$name"
		rm -rf "$name"
	done
	;;
end) # names: given up; WORD: how soon by force
	names=$(cat)
	for name in $names; do
		mkdir -p "$name" && : >"$name/void"
		alive "$name" || rm -f "$name/secret"
	done
	found=$(echo "$names" | sessions)
	[ -n "$found" ] || exit 0
	# shellcheck disable=SC2086 # words
	if [ "$3" = 0 ]; then
		while hunt KILL $found; do :; done
		clear $names
	else
		hunt TERM $found
		(
			trap '' HUP
			sleep "$3"
			while hunt KILL $found; do :; done
			clear $names
		) </dev/null >/dev/null 2>&1 &
	fi
	exit 0
	;;
tidy) # what was given up goes, unless a stream is still on its way that could start it
	for path in in.*; do
		[ ! -e "$path" ] || exit 0
	done
	for path in *-*; do
		if [ -e "$path/void" ] && ! alive "$path"; then
			chmod -R u+w "$path"
			rm -rf "$path"
		fi
	done
	;;
esac
