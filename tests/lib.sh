# Sourced by the tests that are scripts. TWINC is the program under test.
set -u
: "${TWINC:=$(command -v twinc || echo twinc)}"
export TWINC
export LC_ALL=C.UTF-8 NO_COLOR=1
unset TERM COLUMNS 2>/dev/null || true

# Graphviz and fontconfig keep what they made until the end.
LSAN_OPTIONS=suppressions=$(cd "$(dirname "$0")" && while [ ! -f tests/lsan.supp ] && [ "$PWD" != / ]; do cd ..; done && pwd)/tests/lsan.supp:print_suppressions=0
export LSAN_OPTIONS

# A judge is missing: counted and listed at the end, an error where none may be missing.
skip() {
	echo "SKIP $*"
	[ "${REQUIRE_TOOLS:-0}" = 1 ] && exit 1
	exit 77
}
# A collection of data is missing: counted and listed, never an error.
skip_data() {
	echo "SKIP data/$*"
	exit 77
}

# The program must be there before anything is compared with it, let alone recorded.
under_test() {
	TWINC=$(command -v "$TWINC") || {
		echo "TWINC names no program"
		exit 1
	}
	case $TWINC in /*) ;; *) TWINC=$PWD/$TWINC ;; esac
}
