# Every screen as it stands in tests/tui/golden: the keys of golden/keys/*.keys over the project of tests/lib/gen_screens.c, at each size; themes at each depth of colour; ASCII.
# UPDATE=1 makes the files anew.
. "$TESTS/lib.sh"
golden=$(cd "$TESTS/../tui/golden" && pwd)
gen=$(dirname "$JIG")/tests/lib/gen_screens
[ -x "$gen" ] || {
	echo "$gen is missing"
	exit 77
}
# libgit2's own pattern cache is left to the end of the process.
echo leak:libpcre2 >"$HOME/lsan"
LSAN_OPTIONS="suppressions=$HOME/lsan:print_suppressions=0"
XDG_CONFIG_HOME=$HOME/config
TERM=xterm-256color
export LSAN_OPTIONS XDG_CONFIG_HOME TERM
unset COLORTERM NO_COLOR JIG_THEME VISUAL
EDITOR=vi
export EDITOR
here=$PWD
mkdir -p "$XDG_CONFIG_HOME" out other/empty other/folder
"$gen" "$here/penguins"

# FOLDER KEYS SIZE ENDING [NAME=VALUE…]: plays the keys; what they save becomes out/FOLDER/NAME.ENDING.
play() {
	folder=$1 keys=$2 size=$3 ending=$4
	shift 4
	mkdir -p "out/$folder"
	sed "s|^:save-screen \(.*\)|:save-screen $here/out/$folder/\1.$ending|" "$golden/keys/$keys.keys" >"$HOME/keys"
	env "$@" "$gen" "$project" "$JIG" --script "$HOME/keys" --size "$size" || fail "$keys.keys at $size failed"
}

project=$here/penguins
for keys in runs run step log metrics; do
	for size in 80x24 120x40 200x60; do
		play $size $keys $size txt A=
	done
done
for size in 40x10 60x16 39x9; do
	play $size small $size txt A=
done
play resize resize 120x40 txt A=
play themes themes 80x24 ansi A=
play ascii look 120x40 txt LC_ALL=C
for theme in "$TESTS"/../../themes/*; do
	theme=$(basename "$theme")
	play "themes/$theme/truecolor" look 80x24 ansi JIG_THEME=$theme COLORTERM=truecolor
	play "themes/$theme/256" look 80x24 ansi JIG_THEME=$theme
	play "themes/$theme/16" look 80x24 ansi JIG_THEME=$theme TERM=xterm-16color
done
play themes/no-colour look 80x24 ansi NO_COLOR=1

# Without a record nothing can be under way, and nothing is to be held.
plain() {
	folder=$1 keys=$2 size=$3
	mkdir -p "out/$folder"
	sed "s|^:save-screen \(.*\)|:save-screen $here/out/$folder/\1.txt|" "$golden/keys/$keys.keys" >"$HOME/keys"
	(cd "$project" && jig --script "$HOME/keys" --size "$size") || fail "$keys.keys at $size failed"
}
project=$here/other/folder
echo 'print("one")' >"$project/train.py"
plain 80x24 start 80x24
plain 120x40 start 120x40
[ ! -e "$project/jig.yaml" ] || fail "jig.yaml was written although Esc was pressed"
project=$here/other/empty
printf 'steps:\n  work:\n    run: echo 1\n' >"$project/jig.yaml"
plain 80x24 empty 80x24

if [ "${UPDATE:-}" = 1 ]; then
	find "$golden" -mindepth 1 -maxdepth 1 -type d ! -name keys -exec rm -rf {} +
	cp -R out/. "$golden/"
	exit 0
fi
differ=0
(cd out && find . -type f | sort) >"$HOME/have"
(cd "$golden" && find . -type f ! -path './keys/*' | sort) >"$HOME/want"
if ! cmp -s "$HOME/have" "$HOME/want"; then
	diff "$HOME/want" "$HOME/have" | head -20
	fail "other screens than in tests/tui/golden (UPDATE=1 makes them anew)"
fi
while read -r file; do
	cmp -s "out/$file" "$golden/$file" && continue
	differ=$((differ + 1))
	[ $differ -gt 1 ] && continue
	echo "$file differs (UPDATE=1 makes all anew):"
	diff -u "$golden/$file" "out/$file" | tr "\033" "^" | head -60
done <"$HOME/have"
[ $differ -eq 0 ] || fail "$differ screens differ"
