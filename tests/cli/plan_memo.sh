# A plan of many steps remembers which attempts stood in (plan.cache). What it remembers is never more than the record says.
. "$TESTS/../lib/runs.sh"

mkdir in
{
	echo 'steps:'
	i=0
	while [ $i -lt 110 ]; do
		echo "  s$i: {inputs: [in/$i], run: cp in/$i out/$i, outputs: [out/$i]}"
		echo "$i" >in/$i
		i=$((i + 1))
	done
} >jig.yaml
printf 'in/\n' >.gitignore

# RUN: how many of its steps were reused, and those that were not.
told() {
	ask "$1" 'str(sum(x["state"] == "reused" for x in r["steps"])) + "".join(" " + x["step"] for x in r["steps"] if x["state"] != "reused")'
}
# STEP: its line of the plan.
planned() {
	jig plan --json | python3 -c 'import json, sys; print(*[x["reason"] for x in json.load(sys.stdin)["steps"] if x["step"] == sys.argv[1]])' "$1"
}

expect 0 jig run --isolation folder
expect 0 jig run --isolation folder
[ -s .jig/plan.cache ]
expect 0 jig run --isolation folder
same "$(told last)" 110
same "$(planned s7)" "reuse: same as s7@1 of run 1"

# An input that changed; and back.
echo other >in/7
expect 0 jig run --isolation folder
same "$(told last)" "109 s7"
same "$(planned s7)" "reuse: same as s7@1 of run 4"
echo 7 >in/7
expect 0 jig run --isolation folder
same "$(told last)" 110
same "$(planned s7)" "reuse: same as s7@1 of run 1"

# A newer attempt with the same key comes first.
expect 0 jig run --isolation folder --force s8
same "$(told last)" "109 s8"
same "$(planned s8)" "reuse: same as s8@1 of run 6"
# Until its run is removed.
expect 0 jig rm --yes 6
same "$(planned s8)" "reuse: same as s8@1 of run 1"

# An output that the store lost.
expect 0 jig run --isolation folder
object=$(printf '9\n' | sha256sum | cut -d ' ' -f 1)
rm -f ".jig/objects/$(echo "$object" | cut -c 1-2)/$(echo "$object" | cut -c 3-)"
same "$(planned s9)" "run: what s9@1 of run 1 gave is no longer in the store"
expect 0 jig run --isolation folder
same "$(told last)" "109 s9"

# Damaged, cut off, or of another record: it is as if there were none.
expect 0 jig run --isolation folder
jig plan --json >"$HOME/before"
cp .jig/plan.cache "$HOME/cache"
printf x | dd of=.jig/plan.cache bs=1 seek=5000 conv=notrunc 2>/dev/null
jig plan --json | cmp - "$HOME/before"
head -c 3000 "$HOME/cache" >.jig/plan.cache
jig plan --json | cmp - "$HOME/before"
: >.jig/plan.cache
jig plan --json | cmp - "$HOME/before"
rm -rf .jig
expect 0 jig run --isolation folder
cp "$HOME/cache" .jig/plan.cache
same "$(planned s3)" "reuse: same as s3@1 of run 1"
