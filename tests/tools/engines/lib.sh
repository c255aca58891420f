# Sourced after tests/lib.sh: engine_up starts a real engine in $engine and makes `--on $1` find it; engine_down ends it.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
engine_up() { # NAME
	case $1 in
	slurm)
		for program in munged slurmctld slurmd sbatch; do
			PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip "tools/engines/slurm: no $program"
		done
		[ "$(id -u)" = 0 ] || skip "tools/engines/slurm: only root can start slurmd"
		engine=$(mktemp -d)
		chmod 755 "$engine"
		"$root/tests/services/slurm" up "$engine" || exit 1
		. "$engine/env"
		;;
	esac
	started=$1
}
engine_down() {
	[ "${started:-}" != slurm ] || "$root/tests/services/slurm" down "$engine"
	[ -z "${engine:-}" ] || rm -rf "$engine"
}
