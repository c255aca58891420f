# What a job of a CWL engine goes through: sh SCRIPT COMMAND... The lines before this one say where: at, run, engine_path.
# The task's end is in $at/tasks/NAME/exit, with its logs beside it, and what it made by links: they are read once `exit` is there.
umask 022
name=$TWINC_TASK
seconds=${TWINC_SECONDS-}
secrets=${TWINC_SECRETS-}
given=${TWINC_GIVEN-}
unset TWINC_TASK TWINC_SECONDS TWINC_SECRETS TWINC_GIVEN
if [ -d "$at/given/$name" ]; then # its result is kept
	cp -al "$at/given/$name/." . 2>/dev/null || cp -a "$at/given/$name/." .
	exit
fi
record=$at/tasks/$name
mkdir "$record" 2>/dev/null || { # the engine starts it a second time
	rm -rf "$record"
	mkdir "$record" || exit 126
}
printf %s "$given" >"$record/given"
pwd >"$record/begun"
for secret in $secrets; do # the engine knows their names only
	eval "file=\$at/secrets/\$$secret"
	content=$(cat "$file" && echo .) || exit 126
	export "$secret=${content%.}"
done
export HOME="$TMPDIR" TWIN_RUN="$run" TWIN_TASK="$name"
if [ "$PATH" = "$engine_path" ]; then
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fi
start=$(date +%s)
if [ -n "$seconds" ]; then
	timeout -k 5 "$seconds" "$@" >"$record/out" 2>"$record/err" </dev/null
else
	"$@" >"$record/out" 2>"$record/err" </dev/null
fi
code=$?
mkdir "$record/work" && { cp -al . "$record/work" 2>/dev/null || cp -a . "$record/work"; }
echo "$code $(($(date +%s) - start))" >"$record/exit.part"
mv "$record/exit.part" "$record/exit"
exit "$code"
