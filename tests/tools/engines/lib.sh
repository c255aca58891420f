# Sourced after tests/lib.sh: engine_up starts a real engine in $engine; `--on $on` finds it; engine_down ends it.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
engine_up() { # NAME
	case $1 in
	local) on=local ;;
	slurm)
		for program in munged slurmctld slurmd sbatch; do
			PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip "tools/engines/slurm: no $program"
		done
		[ "$(id -u)" = 0 ] || skip "tools/engines/slurm: only root can start slurmd"
		engine=$(mktemp -d)
		chmod 755 "$engine"
		"$root/tests/services/slurm" up "$engine" "${2:-}" || exit 1
		. "$engine/env"
		on=slurm
		;;
	kubernetes)
		bin=$root/build/tools/${KUBE:-kubernetes}
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
			spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], storageClassName: "", claimRef: {namespace: default, name: shared}, hostPath: {path: "${TMPDIR:-/tmp}"}}
			---
			apiVersion: v1
			kind: PersistentVolumeClaim
			metadata: {name: shared, namespace: default}
			spec: {accessModes: [ReadWriteMany], storageClassName: "", volumeName: shared, resources: {requests: {storage: 1Gi}}}
		OBJECTS
		for _ in $(seq 200); do
			[ "$(kubectl get pvc shared -o 'jsonpath={.status.phase}')" != Bound ] || break
			sleep 0.1
		done
		export TWINC_IMAGE=example.org/tools:1
		on=kubernetes:shared:${TMPDIR:-/tmp}
		;;
	local) on=local ;;
	podman) # beside another engine, or alone
		for program in podman runc busybox; do
			command -v $program >/dev/null || skip "tools/engines/podman: no $program"
		done
		[ "$(id -u)" = 0 ] || skip "tools/engines/podman: only root can use it so"
		containers=$(mktemp -d)
		"$root/tests/services/podman" up "$containers" || exit 1
		. "$containers/env"
		[ -z "${engine:-}" ] || return
		on=local
		;;
	ssh)
		for program in /usr/sbin/sshd ssh ssh-keygen setsid; do
			command -v $program >/dev/null || skip "tools/engines/ssh: no $program"
		done
		engine=$(mktemp -d)
		"$root/tests/services/sshd" up "$engine" || exit 1
		. "$engine/env"
		on=ssh:127.0.0.1:$SSH_PORT$engine/work
		;;
	cwl) # an engine of CWL: cwltool, or the one that is named
		PATH=$root/build/tools/cwl/bin:$root/build/tools/toil/bin:$PATH
		program=${2:-cwltool}
		[ "$program" != toil ] || program=toil-cwl-runner
		command -v "$program" >/dev/null || skip "tools/engines/cwl: no $program"
		command -v node >/dev/null || command -v nodejs >/dev/null || skip "tools/engines/cwl: no node, which $program needs for expressions"
		on=cwl:${2:-cwltool}
		;;
	esac
	started=$1
}
engine_down() {
	case ${started:-} in
	slurm) "$root/tests/services/slurm" down "$engine" ;;
	kubernetes) "$root/tests/services/kube" down "$engine" ;;
	ssh) "$root/tests/services/sshd" down "$engine" ;;
	esac
	if [ -n "${containers:-}" ]; then
		"$root/tests/services/podman" down "$containers"
		rm -rf "$containers"
	fi
	[ -z "${engine:-}" ] || rm -rf "$engine"
}

engine_runs() { # what has not ended there
	case $started in
	slurm) squeue -h -o %i ;;
	kubernetes) kubectl get pods -l twinc/state --field-selector=status.phase!=Succeeded,status.phase!=Failed -o name ;;
	ssh)
		for pid in "$engine"/work/twinc-*/*/pid; do
			[ ! -e "$pid" ] || ! kill -0 "$(cat "$pid")" 2>/dev/null || echo "$pid"
		done
		;;
	esac
}
engine_tells() { # whatever anybody could read in it who may look at jobs
	case $started in
	slurm)
		scontrol show job
		cat "$engine"/state/*/job.*/* "$engine"/*.log
		;;
	kubernetes) # Secrets are for those who may read secrets
		kubectl get jobs,pods,configmaps,events -A -o json
		cat "$engine"/*.log
		;;
	ssh)
		cat "$engine"/*.log
		grep -r . "$engine/work" --exclude=exit
		;;
	podman) grep -ra . "$containers" --exclude-dir=overlay --exclude-dir=dir ;;
	esac 2>/dev/null
}

# -- for bad days, after tests/faults/lib.sh

# Twelve tasks that hold until `go` is there and count their starts and ends, and one that joins them.
held() { # ATTEMPTS
	cat >main.twin <<-TWIN
		twin held { edition = 2026 }
		param go: string
		step make {
		  input  go: string
		  input  n: int
		  output o: file<txt> = "o.txt"
		  retry { attempts = ${1:-1} }
		  command = """
		    echo ~{n} >> ~{go}.starts
		    while [ ! -e ~{go} ]; do sleep 0.05; done
		    echo ~{n} > ~{o}
		    echo ~{n} >> ~{go}.ends
		    """
		}
		step join {
		  input  all: list<file<txt>>
		  output o: file<txt> = "all.txt"
		  command = "cat ~{all} > ~{o}"
		}
		workflow main {
		  for n in 1..12 { a = make(go: go, n: n) }
		  j = join(all: a.o)
		  output all = j.o
		}
	TWIN
}
begin() { # in the background, as \$pid, until all twelve run
	"$TWINC" apply --on "$on" go="$PWD/go" >"$scratch/out" 2>&1 </dev/null &
	pid=$!
	wait_for '[ "$(sort -u go.starts 2>/dev/null | wc -l)" = 12 ]'
}
ends() { # CODE: of \$pid
	code=0
	wait $pid 2>/dev/null || code=$?
	[ $code = "$1" ] || fail "exit code $code instead of $1"
}
done_once() { # every task once, and the result of an undisturbed run
	[ "$(sort -n go.ends | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 11 12 " ] || fail "ended: $(sort -n go.ends | tr '\n' ' ')"
	holds results/main/all/all.txt "$(seq 12)"
	exits 0 apply --on "$on" go="$PWD/go"
	says '13 tasks, 13 cached'
}
