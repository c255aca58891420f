# Sourced by `run`, `trigger`, `streams` and `awake`: cluster_up starts a control plane below $scratch, or skips the test NAME where it cannot be had.
# KUBE: the folder of build/tools with its programs, `kubernetes` (1.20) or `kubernetes-newest`.
cluster_up() { # NAME
	bin=$root/build/tools/${KUBE:-kubernetes}
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

needs_brokers() { # NAME
	for program in kcat mosquitto mosquitto_pub; do
		PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip "tools/kubernetes/$1: no $program"
	done
}

# Brokers of MQTT and Kafka below $scratch; their addresses are MQTT and KAFKA.
brokers_up() { # NAME
	needs_brokers "$1"
	for kind in mqtt kafka; do
		"$root/tests/services/broker" up $kind "$scratch/$kind" || exit 1
	done
	MQTT=$(cat "$scratch/mqtt/address")
	KAFKA=$(cat "$scratch/kafka/address")
	export MQTT KAFKA
}

brokers_down() { # FOLDER
	for kind in mqtt kafka; do
		[ ! -d "$1/$kind" ] || "$root/tests/services/broker" down "$1/$kind"
	done
}

cluster_down() {
	brokers_down "$scratch"
	[ ! -d "$scratch/engine" ] || "$root/tests/services/kube" down "$scratch/engine"
	rm -rf "$scratch"
}
