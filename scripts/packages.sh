# Debian packages: sourced by ./start and ./test. Nothing here runs by itself.
# Each list is for Debian 12; in brackets what it was tried with.

# gcc [12.2] cmake [3.25] ninja-build [1.11] bison [3.8] flex [2.6] libyaml-dev [0.2.5] libjansson-dev [2.14]
# nettle-dev [3.8] libsqlite3-dev [3.40] libgraphviz-dev [2.42] liblua5.4-dev [5.4]
# libcurl4-openssl-dev [7.88] libmicrohttpd-dev [0.9.75]
PACKAGES_BUILD="gcc libc6-dev cmake ninja-build pkg-config bison flex libyaml-dev libjansson-dev nettle-dev libsqlite3-dev libgraphviz-dev liblua5.4-dev libcurl4-openssl-dev libmicrohttpd-dev"
# The steps of the main example are written in it.
PACKAGES_EXAMPLE="python3"
# What the tests call beside the above.
PACKAGES_TEST="libcmocka-dev shellcheck"
# --all: the second compiler, and what builds packages, looks into them and installs them on a clean root.
PACKAGES_ALL="clang dpkg-dev fakeroot file debootstrap"
# --all: the tools that judge what is emitted, and what steps of examples/usecases need. cwltool [3.1.20230209]
# nodejs [18, 20] python3-venv [3.11] python3-numpy [1.24] python3-jsonschema [4.10] jq [1.6]
# slurmctld slurmd slurmdbd slurmrestd [22.05] mariadb-server [10.11] munge [0.5] default-jre-headless [17] maven [3.8] docker-compose [1.29] python3-yaml [6.0]
# ansible-core [2.14] ansible-lint [6.13] git openssh-server [9.2] podman [4.3] runc [1.1] busybox-static [1.35] sudo iproute2 systemd [252]
# mosquitto mosquitto-clients [2.0.11] kcat [1.7.1] openmpi-bin [4.1.4] python3-mpi4py [3.1]
# golang-go [1.19] etcd-server [3.4] bubblewrap [0.8] openssl [3.0] curl [7.88] sshpass unzip wget python3-apt
PACKAGES_TOOLS="cwltool nodejs python3-venv python3-numpy python3-jsonschema jq slurmctld slurmd slurm-client slurm-wlm-basic-plugins slurmdbd slurm-wlm-mysql-plugin mariadb-server slurmrestd slurm-wlm-jwt-plugin munge default-jre-headless maven docker-compose python3-yaml python3-ruamel.yaml ansible-core ansible-lint git openssh-server podman runc busybox-static sudo iproute2 systemd golang-go etcd-server bubblewrap openssl curl sshpass unzip wget python3-apt prometheus mosquitto mosquitto-clients kcat openmpi-bin python3-mpi4py"

# The packages of a list that are not there yet.
packages_missing() {
	for package in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		'install ok installed') ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# Installs what is missing, having said what; nothing missing: nothing done, nothing said.
packages_install() {
	if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
		echo "This is no Debian: install yourself what these packages hold: $*" >&2
		return 0
	fi
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null 2>&1 || {
			echo "These packages are needed, and neither root nor sudo is there: $missing" >&2
			return 1
		}
		as_root=sudo
	fi
	echo "About to install with apt-get: $missing"
	export DEBIAN_FRONTEND=noninteractive
	$as_root apt-get -qq update || echo "(the lists of packages could not be renewed; going on with the old ones)" >&2
	# shellcheck disable=SC2086 # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing |
		awk '/^Setting up/ { printf "  %s\n", $3; fflush() }'
	missing=$(packages_missing "$@")
	[ -z "$missing" ] || {
		echo "Could not be installed: $missing" >&2
		return 1
	}
}

# A Python program of its own version in build/tools/NAME; without a registry there is none, and its tests are skipped.
python_install() { # NAME PACKAGES...
	name=$1
	shift
	[ ! -f "build/tools/$name/done" ] || return 0
	echo "About to install with pip, into build/tools/$name: $*"
	if python3 -m venv --clear "build/tools/$name" && "build/tools/$name/bin/pip" install -q "$@"; then
		touch "build/tools/$name/done"
	else
		rm -rf "build/tools/$name"
		echo "(not to be had: $*)" >&2
	fi
}

# Ansible for a machine that Infrastructure Manager configures, with the three collections that its own playbooks name; of the package
# that has them, the other hundred are left out.
ansible_install() { # NAME REQUIREMENTS
	[ ! -f "build/tools/$1/done" ] || return 0
	python_install "$1" --no-deps -r "$2"
	[ -f "build/tools/$1/done" ] || return 0
	rm -f "build/tools/$1/done"
	mkdir -p "build/tools/$1/wheel"
	if "build/tools/$1/bin/pip" download -q --no-deps -d "build/tools/$1/wheel" ansible==9.5.1 &&
		unzip -q build/tools/"$1"/wheel/*.whl 'ansible_collections/ansible/posix/*' 'ansible_collections/ansible/windows/*' \
			'ansible_collections/community/general/*' -d build/tools/"$1"/lib/python3*/site-packages; then
		rm -r "build/tools/$1/wheel"
		touch "build/tools/$1/done"
	else
		echo "(not to be had: ansible==9.5.1)" >&2
	fi
}

# A program in Go in build/tools/go, by the Go of build/tools/golang; without a registry there is none, and its tests are skipped.
go_install() { # NAME PACKAGE@VERSION|FOLDER
	[ ! -x "build/tools/go/$1" ] || return 0
	echo "About to build with go, into build/tools/go: $2"
	go=$PWD/build/tools/golang/bin/go
	mkdir -p build/tools/go
	case $2 in
	*@*) GOBIN=$PWD/build/tools/go "$go" install "$2" ;;
	*) "$go" build -C "$2" -buildvcs=false -o "$PWD/build/tools/go/$1" . ;;
	esac || echo "(not to be had: $2)" >&2
}

# A file of a module of Go, as build/tools/NAME/FILE; likewise.
go_file() { # NAME MODULE@VERSION FILE
	to=build/tools/$1/$(basename "$3")
	[ ! -f "$to" ] || return 0
	echo "About to fetch with go, into build/tools/$1: $3 of $2"
	mkdir -p "build/tools/$1"
	from=$(build/tools/golang/bin/go mod download -json "$2" | sed -n 's/^.*"Dir": "\(.*\)",*$/\1/p')
	cp "$from/$3" "$to" || echo "(not to be had: $2)" >&2
}

# Jars that a pom.xml names, in build/tools/NAME; without a registry there are none, and their tests are skipped.
maven_install() { # NAME POM
	[ ! -f "build/tools/$1/done" ] || return 0
	echo "About to fetch with maven, into build/tools/$1: what $2 names"
	if mvn -q -B -f "$2" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$PWD/build/tools/$1" >/dev/null; then
		touch "build/tools/$1/done"
	else
		rm -rf "build/tools/$1"
		echo "(not to be had: what $2 names)" >&2
	fi
}

# A control plane of Kubernetes in build/tools/NAME, from source, minutes on two cores, once: Debian's, or by a Go that of tests/services/control.
kube_install() { # NAME [GO]
	[ ! -f "build/tools/$1/done" ] || return 0
	echo "About to build Kubernetes, into build/tools/$1"
	if tests/services/kube build "build/tools/$1" "${2:-}"; then
		touch "build/tools/$1/done"
	else
		rm -rf "build/tools/$1"
		echo "(not to be had: Kubernetes, as $1)" >&2
	fi
}

# scripts/packages.sh is sourced from the project's folder.
build_configure() { # PRESET
	[ -f "build/$1/build.ninja" ] || cmake --preset "$1" >"build-$1.log" 2>&1 || {
		cat "build-$1.log" >&2
		return 1
	}
	rm -f "build-$1.log"
}
