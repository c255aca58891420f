# Sourced by `run` and `awake`: cluster_up starts a control plane below $scratch, or skips the test NAME where it cannot be had.
cluster_up() { # NAME
	bin=${KUBE_BIN:-$root/build/tools/kubernetes}
	for program in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
		[ -x "$bin/$program" ] || skip "tools/kubernetes/$1: no $program"
	done
	for program in etcd bwrap openssl; do
		command -v $program >/dev/null || skip "tools/kubernetes/$1: no $program"
	done
	/usr/bin/python3 -c 'import yaml' 2>/dev/null || skip "tools/kubernetes/$1: no python3-yaml"
	[ "$(id -u)" = 0 ] || skip "tools/kubernetes/$1: only root can start its kubelet"
	scratch=$(mktemp -d)
	trap cluster_down EXIT
	"$root/tests/services/kube" up "$bin" "$scratch/engine" || exit 1
	. "$scratch/engine/env"
	export PODS=$scratch/engine/pods
}

cluster_down() {
	[ ! -d "$scratch/engine" ] || "$root/tests/services/kube" down "$scratch/engine"
	rm -rf "$scratch"
}
