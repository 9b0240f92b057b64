# What fsck says and what gc does agree on what the record names, and runs that are removed while fsck reads leave no fault behind.
. "$TESTS/../lib/runs.sh"

# JIG_FAULT_STOP of `jig fsck`, which stands still when this returns. fsck_end: its exit status is 0, and it found nothing.
fsck_begin() {
	JIG_FAULT_STOP=$1 "$JIG" fsck >"$HOME/fsck.out" 2>&1 &
	fsck=$!
	await stopped "$fsck"
}
fsck_end() {
	kill -CONT "$fsck"
	wait "$fsck" || fail "fsck: $(cat "$HOME/fsck.out")"
	has "$(cat "$HOME/fsck.out")" "is there and whole"
}

# ---- a file, named earlier, that has the bytes of a folder's list

digest=$(printf 'precious\n' | sha256sum | cut -d ' ' -f 1)
cat >jig.yaml <<Y
steps:
  list: {run: "printf '100644 $digest 9\\tx.txt\\n' >list.txt", outputs: [list.txt]}
  folder: {run: "cat list.txt; mkdir d; printf 'precious\\n' >d/x.txt", inputs: [list.txt], outputs: [d/]}
Y
expect 0 jig run
same "$(ask last 's["list"]["outputs"][0]["digest"] == s["folder"]["outputs"][0]["digest"]')" True
expect 0 jig gc --now
has "$out" "nothing to free"
expect 0 jig get 1 d -o got
same "$(cat got/d/x.txt)" precious
rm -rf got
expect 0 jig fsck
has "$out" "2 objects"
object=.jig/objects/$(echo "$digest" | cut -c 1-2)/$(echo "$digest" | cut -c 3-)
mv -f "$object" "$HOME/object"
expect 1 jig fsck
has "$out" "run 1: d/x.txt: "
mv "$HOME/object" "$object"
finish

# ---- an empty folder within an output, and an object without a byte

rm -rf .jig
cat >jig.yaml <<'Y'
steps:
  a: {run: "mkdir -p d/empty; echo x >d/x; : >none", outputs: [d/, none]}
Y
expect 0 jig run
cat >jig.yaml <<'Y'
steps:
  a: {run: "mkdir -p d/empty; echo x >d/x", outputs: [d/]}
Y
expect 0 jig run
expect 0 jig rm -y 1
expect 0 jig gc --now
expect 0 jig gc --now
has "$out" "nothing to free"
expect 0 jig fsck
hasnt "$out" "named by no run"

# ---- runs that are removed while fsck reads

rm -rf .jig
echo old >in.txt
echo shared >shared.txt
cat >jig.yaml <<'Y'
steps: {a: {run: "cat in.txt >o.txt; cat shared.txt", inputs: [in.txt, shared.txt], outputs: [o.txt]}}
Y
expect 0 jig run
echo new >in.txt
echo "# other code" >>jig.yaml
expect 0 jig run
# Of this it is only told that it is missing when a run names it that is still there.
fsck_begin fsck-gathered
expect 0 jig rm -y 1
expect 0 jig gc --now
has "$out" "1 folder of a removed run"
fsck_end
finish

# A kept run names what is missing, too: a fault.
for i in 1 2; do
	echo "text $i" >in.txt
	expect 0 jig run
done
digest=$(sha256sum <shared.txt | cut -d ' ' -f 1)
object=.jig/objects/$(echo "$digest" | cut -c 1-2)/$(echo "$digest" | cut -c 3-)
mv -f "$object" "$HOME/object"
JIG_FAULT_STOP=fsck-gathered "$JIG" fsck >"$HOME/fsck.out" 2>&1 &
fsck=$!
await stopped "$fsck"
expect 0 jig rm -y 2 3
expect 0 jig gc --now
kill -CONT "$fsck"
status=0
wait "$fsck" || status=$?
same "$status" 1
has "$(cat "$HOME/fsck.out")" "run 4: shared.txt: "
has "$(cat "$HOME/fsck.out")" "1 part is missing"
mv "$HOME/object" "$object"
finish

# The code.
echo text >code.txt
echo "# code.txt" >>jig.yaml
git init -q .
expect 0 jig run --force a
rm code.txt
expect 0 jig run --force a
expect 0 jig run --force a
fsck_begin fsck-snapshots
expect 0 jig rm -y 4 5
expect 0 jig gc --now
has "$out" "of code"
fsck_end
finish
