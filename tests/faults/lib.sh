# Sourced by the scripts of faults, after tests/lib.sh. A script holds cases, functions named case_NAME; it runs those that it is
# told, each in an empty folder.
under_test
scratch=$(mktemp -d)
bad=0
fail() {
	echo "FAIL $case: $*"
	[ ! -f "$scratch/out" ] || tail -n 40 "$scratch/out" | cut -c1-200 | sed 's/^/    /'
	bad=1
}
exits() { # CODE WORDS...: what `twinc WORDS...` must exit with; its words are in $scratch/out
	want=$1
	shift
	code=0
	timeout 100 "$TWINC" "$@" >"$scratch/out" 2>&1 </dev/null || code=$?
	[ "$code" = "$want" ] || fail "twinc $*: exit code $code instead of $want"
}
says() { grep -qF -- "$1" "$scratch/out" || fail "does not say \"$1\""; }
holds() { # FILE TEXT
	[ "$(cat "$1" 2>/dev/null)" = "$2" ] || fail "$1 holds \"$(cat "$1" 2>&1)\" instead of \"$2\""
}
wait_for() { # COMMAND: until it is true, at most 100 s
	n=0
	until eval "$1"; do
		n=$((n + 1))
		[ $n -lt 2000 ] || {
			fail "waited in vain for: $1"
			return
		}
		sleep 0.05
	done
}
# A twin of two steps: `fine`, and the step `wrong` from standard input, which goes wrong until ~{mended} is "yes".
twin() {
	cat <<-'TWIN'
		twin faults { edition = 2026 }
		param mended: string = "no"
		step fine { output o: file = "o", command = "echo fine > ~{o}" }
	TWIN
	cat
	cat <<-'TWIN'
		workflow main {
		  a = fine()
		  b = wrong(mended: mended)
		  output a = a.o
		  output b = b.o
		}
	TWIN
}
# Once mended it goes on: what was done is kept, and nothing is repeated after that.
recovers() {
	exits 0 apply mended=yes
	says '2 tasks, 1 done, 1 cached'
	holds results/main/a/o fine
	exits 0 apply mended=yes
	says '2 tasks, 2 cached'
}
run_cases() { # NAMES...
	for case in "$@"; do
		mkdir "$scratch/$case"
		cd "$scratch/$case" || exit 1
		"case_$case"
	done
	exit $bad
}
