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
	kubernetes)
		bin=$root/build/tools/kubernetes
		[ -e "$bin/done" ] || skip "tools/engines/kubernetes: no control plane"
		for program in etcd bwrap openssl; do
			command -v $program >/dev/null || skip "tools/engines/kubernetes: no $program"
		done
		engine=$(mktemp -d)
		"$root/tests/services/kube" up "$bin" "$engine" || exit 1
		. "$engine/env"
		kubectl apply -f - >/dev/null <<-OBJECTS
			apiVersion: v1
			kind: PersistentVolume
			metadata: {name: shared}
			spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], storageClassName: "", hostPath: {path: "${TMPDIR:-/tmp}"}}
			---
			apiVersion: v1
			kind: PersistentVolumeClaim
			metadata: {name: shared, namespace: default}
			spec: {accessModes: [ReadWriteMany], storageClassName: "", volumeName: shared, resources: {requests: {storage: 1Gi}}}
		OBJECTS
		export TWINC_IMAGE=example.org/tools:1
		;;
	esac
	started=$1
}
engine_down() {
	case ${started:-} in
	slurm) "$root/tests/services/slurm" down "$engine" ;;
	kubernetes) "$root/tests/services/kube" down "$bin" "$engine" ;;
	esac
	[ -z "${engine:-}" ] || rm -rf "$engine"
}
