# What a pod does whose data go through an object store: sh -c '...' twin ROOT URL. The file URL, of a Secret, says where its task lies; with the
# task come the URLs of what it reads and of its result. No URL stands in an argument, which others on the node could see. What it asks
# of its image: tar, sha256sum, and curl or GNU wget.
set -u
umask 022
root=$1 first=$2
give_up() { # WHY
	echo "$1" >/dev/termination-log
	echo "twinc: $1" >&2
	exit 121
} 2>/dev/null
by_curl() { # GET|HEAD|PUT URL FILE
	{
		printf 'url = "%s"\n' "$2"
		case $1 in
		GET) printf 'output = "%s"\n' "$3" ;;
		HEAD) printf 'head\noutput = "answer"\n' ;;
		PUT) printf 'upload-file = "%s"\noutput = "answer"\n' "$3" ;;
		esac
	} | curl -q --config - --silent --connect-timeout 20 --speed-limit 100 --speed-time 60 --write-out '%{http_code}'
}
by_wget() {
	printf '%s\n' "$2" >url
	case $1 in
	GET) set -- --output-document="$3" ;;
	HEAD) set -- --method=HEAD --output-document=answer ;;
	PUT) set -- --method=PUT --body-file="$3" --output-document=answer --content-on-error ;;
	esac
	wget --no-verbose --server-response --tries=1 --timeout=60 --input-file=url "$@" 2>said && echo 200 || sed -n 's|^ *HTTP/[0-9.]* \([0-9]*\).*|\1|p' said | tail -n 1
	rm -f url said
}
# False: it surely is not to be had, and `why` says so; what may pass is asked for again, for a minute at least.
ask() { # GET|HEAD|PUT URL FILE
	for pause in 1 2 4 8 16 32 0; do
		rm -f answer
		status=$(by_$with "$@") || status=000
		case $status in
		200) return ;;
		4*)
			[ "$1" != GET ] || mv "$3" answer
			why="HTTP status $status $(sed -n 's/.*<Code>\([A-Za-z]*\)<.*/\1/p' answer 2>/dev/null | head -n 1)"
			case $status in 408 | 429) ;; *) return 1 ;; esac
			;;
		000 | '') why="no whole answer" ;;
		*) why="HTTP status $status" ;;
		esac
		sleep $pause
	done
	return 1
}
stamp() { find content -exec stat -c '%n %F %s %y %i' {} + 2>/dev/null | sort; }
fetch() { # file|folder KEY URL
	ask GET "$3" part || give_up "what it reads cannot be had: $why"
	if [ "$1" = folder ]; then
		tar -xof part || give_up "what it reads did not arrive whole"
		return
	fi
	sum=$(sha256sum <part)
	[ "${sum%% *}" = "${2%x}" ] || give_up "what it reads arrived as another content, ${sum%% *} instead of ${2%x}"
	mv part "content/$2"
	case $2 in *x) chmod +x "content/$2" ;; esac
}

for program in tar sha256sum; do command -v $program >/dev/null || give_up "there is no $program in its image"; done
if command -v curl >/dev/null; then
	with=curl
elif wget --version 2>/dev/null | grep -q GNU; then
	with=wget
else
	give_up "there is neither curl nor GNU wget in its image"
fi
mkdir -p "$root/content" && cd "$root" && read -r url <"$first" || give_up "$root is not as it should be"
ask GET "$url" task.tar || give_up "its task cannot be had: $why"
tar -xof task.tar && [ -e whole ] && read -r name <name || give_up "its task did not arrive whole"
while read -r kind key url; do
	case $kind in
	there) there=$url ;;
	result) result=$url ;;
	*) [ -e "content/$key" ] || fetch "$kind" "$key" "$url" ;;
	esac
done <urls
! ask HEAD "$there" - || exit 0 # another pod did it
rm -rf task.tar part urls whole answer
chmod -R a-w content
before=$(stamp)
mkdir -p "$name/work" "$name/tmp" && /bin/sh "$name/task"
code=$?
[ -s "$name/exit" ] || give_up "its task did not begin"
key=$(printf '%s\n' "$before" "$(stamp)" | sort | uniq -u | sed -n 's|^content/\([0-9a-fx]*\).*|\1|p' | head -n 1)
[ -z "$key" ] || find "$name/in" -type l | while IFS= read -r path; do
	[ "$(readlink "$path")" != "$root/content/$key" ] || echo "${path#"$name/"}"
done >"$name/spoiled"
cd "$name" || give_up "its folder is gone"
set --
for path in work out err spoiled exit; do [ ! -e "$path" ] || set -- "$@" "$path"; done
! tar --hard-dereference --version >/dev/null 2>&1 || set -- --hard-dereference "$@"
said=$(tar -cf ../result.tar "$@" 2>&1) || give_up "what it left cannot be packed: $(echo "$said" | head -n 1)"
cd "$root" || give_up "$root is gone"
size=$(wc -c <result.tar)
[ "$size" -le 5368709120 ] || give_up "what it left is $size bytes, and an object takes 5 GiB at once"
ask PUT "$result" result.tar || give_up "what it left was not taken: $why"
exit $code
