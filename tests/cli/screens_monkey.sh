# 2,000 random keys, clicks and sizes over a project with runs of every kind: nothing breaks, every screen is drawn the same twice, and the record is sound at the end.
. "$TESTS/lib.sh"
lib=$(dirname "$JIG")/tests/lib
[ -x "$lib/gen_screens" ] && [ -x "$lib/gen_keys" ] || {
	echo "$lib/gen_keys is missing"
	exit 77
}
# libgit2's own pattern cache is left to the end of the process.
echo leak:libpcre2 >"$HOME/lsan"
LSAN_OPTIONS="suppressions=$HOME/lsan:print_suppressions=0"
XDG_CONFIG_HOME=$HOME/config
export LSAN_OPTIONS XDG_CONFIG_HOME
here=$PWD
"$lib/gen_screens" "$here/penguins"
for seed in ${SEEDS:-1 2 3 4}; do
	"$lib/gen_keys" "$seed" "${KEYS:-500}" >"$HOME/keys"
	timeout 300 "$lib/gen_screens" "$here/penguins" "$JIG" --script "$HOME/keys" --size 80x24 >"$HOME/out" 2>&1 || {
		line=$(sed -n 's/^jig: .*keys:\([0-9]*\): .*/\1/p' "$HOME/out" | head -1)
		cat "$HOME/out"
		[ -z "$line" ] || sed -n "$((line > 12 ? line - 12 : 1)),${line}p" "$HOME/keys"
		fail "seed $seed"
	}
done
"$lib/gen_screens" "$here/penguins" "$JIG" fsck
"$lib/gen_screens" "$here/penguins" "$JIG" verify
