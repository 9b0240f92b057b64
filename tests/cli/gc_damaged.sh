# A folder's list that is damaged keeps gc from knowing what the folder holds: it frees nothing, and names ways out that
# lead out.
. "$TESTS/../lib/runs.sh"

pipeline() {
	cat >jig.yaml <<Y
steps:
  a: {run: "mkdir d; echo $1 >d/x", outputs: [d/]}
  b: {run: "echo $1 >o", outputs: [o]}
Y
}
pipeline 1
expect 0 jig run
expect 0 jig run
same "$(states 2)" "success a=reused b=reused"
list=$(jig show --json 1 | sed -n 's/.*"digest": "\(sha256:\)*\([0-9a-f]\{64\}\)".*/\2/p' | while read -r digest; do
	file=.jig/objects/$(echo "$digest" | cut -c 1-2)/$(echo "$digest" | cut -c 3-)
	grep -lq x "$file" 2>/dev/null && echo "$file"
done | head -1)
[ -n "$list" ] || fail "there is no list of a folder"
chmod u+w "$list"
echo damaged >"$list"
pipeline 2
expect 0 jig run
for i in 1 2; do
	expect 3 jig gc --now
	has "$err" "nothing was freed"
	has "$err" "a folder of run 1"
	has "$err" "run the step"
	has "$err" "or give it up by \`jig rm\` of run 1 and of those that reuse its step"
done
expect 0 jig rm -y 1 2
expect 0 jig gc --now
has "$out" "folders of removed runs"
finish
