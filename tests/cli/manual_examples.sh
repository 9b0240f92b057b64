# Every example of the manual pages that is marked with `.\" TEST: name` works as it stands there. Lines that begin with "$ " are
# commands, with what belongs to their here-documents; each has to exit with 0, or as "# exit status N" behind it says. Other lines are what they say.
. "$TESTS/lib.sh"
. "$TESTS/../lib/told.sh"
needs python3

mkdir ../examples
for page in "$TESTS"/../../man/*.in; do
	awk -v base="../examples/$(basename "$page" .in)" '
		/^\.\\" TEST: / { file = base "." $3; next }
		/^\.Bd/ && file { inside = 1; next }
		/^\.Ed/ { if (inside) { close(file); close(file "-told") } inside = 0; file = ""; next }
		!inside { next }
		{ gsub(/\\e/, "\\"); gsub(/\\\(dq/, "\""); gsub(/\\&/, "") }
		ending { print > file; if ($0 == ending) { ending = ""; check() }; next }
		/^\$ / {
			line = substr($0, 3)
			want = 0
			if (match(line, /# exit status [0-9]+$/)) want = substr(line, RSTART + 14)
			print line > file
			if (match(line, /<<.[A-Z]+/)) ending = substr(line, RSTART + 3, RLENGTH - 3)
			else check()
			next
		}
		NF { print > (file "-told") }
		function check() {
			print "status=$?; [ $status -eq " want " ] || { echo \"that exited with $status, not " want "\" >&2; exit 1; }" > file
		}' "$page"
done

count=0
for example in ../examples/*; do
	case $example in *-told) continue ;; esac
	mkdir "$(basename "$example")"
	(cd "$(basename "$example")" && sh -x "../$example") >"$HOME/out" 2>&1 ||
		fail "example $(basename "$example"): $(cat "$HOME/out")"
	[ ! -f "$example-told" ] || told "$example-told" "$HOME/out"
	# One about a theme makes no record.
	[ ! -d "$(basename "$example")/.jig" ] || (cd "$(basename "$example")" && finish >/dev/null) || fail "example $(basename "$example") left a broken record"
	count=$((count + 1))
done
[ "$count" -ge 10 ] || fail "only $count examples were found"
