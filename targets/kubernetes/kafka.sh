#!/bin/sh
# Asks a topic of Kafka by kcat, for streams.py: kafka.sh serve|once FOLDER, with KAFKA_BROKERS, KAFKA_TOPIC, KAFKA_SECURITY (its
# security.protocol) and, where the twin names a user, KAFKA_USER and KAFKA_PASSWORD in the environment.
# A question is a file `ask-N` of lines: `most N`, for messages of a partition; `PARTITION FROM`; `- FROM` for all others. FROM is an
# offset, -N (the last N), s@T (since then, in ms) or `end` (none). Its answer is `got-N`: a line `PARTITION END` each, an empty line,
# and for each message a line `PARTITION OFFSET TIME LENGTH LENGTH` with key and value behind it; or `failed-N`: what kcat says.
set -u
mkdir -p "$2" && cd "$2" || exit 1

kafka() {
	timeout 300 kcat -b "$KAFKA_BROKERS" -X "security.protocol=$KAFKA_SECURITY" \
		${KAFKA_USER+-X sasl.mechanisms=PLAIN -X "sasl.username=$KAFKA_USER" -X "sasl.password=$KAFKA_PASSWORD"} "$@"
}

answer() { # QUESTION
	for partition in $(kafka -L -t "$KAFKA_TOPIC" | sed -n 's/^ *partition \([0-9]*\),.*/\1/p'); do
		set -- "$@" -t "$KAFKA_TOPIC:$partition:-1"
	done
	[ $# -gt 1 ] || {
		echo "nothing is told of the topic $KAFKA_TOPIC" >&2
		return 1
	}
	question=$1
	shift
	kafka -Q "$@" >ends || return
	sed -i 's/^.*\[\([0-9]*\)\] offset \(-*[0-9]*\)$/\1 \2/' ends
	cat ends
	echo
	most=$(sed -n 's/^most //p' "$question")
	while read -r partition end; do
		from=$(sed -n "s/^$partition //p" "$question")
		[ -n "$from" ] || from=$(sed -n 's/^- //p' "$question")
		[ "$from" = end ] || [ "$from" = "$end" ] ||
			kafka -C -q -e -t "$KAFKA_TOPIC" -p "$partition" -o "$from" -c "$most" -X fetch.wait.max.ms=10 -X auto.offset.reset=earliest \
				-f '%p %o %T %K %S\n%k%s' </dev/null || return
	done <ends
}

while :; do
	for ask in ask-*[0-9]; do
		[ -e "$ask" ] || continue
		if answer "$ask" >new 2>said; then
			mv new "got-${ask#ask-}"
		else
			cat said >&2
			mv said "failed-${ask#ask-}"
			[ "$1" = serve ] || exit 1
		fi
		rm -f "$ask"
	done
	[ "$1" = serve ] || exit 0
	touch alive
	sleep 0.2
done
