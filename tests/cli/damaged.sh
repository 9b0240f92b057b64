# What something damaged or lost in .jig: no step gets wrong bytes, it is said, and the next run makes it anew.
. "$TESTS/../lib/runs.sh"

# DIGEST: the path of the object.
object() {
	echo ".jig/objects/$(echo "$1" | cut -c 1-2)/$(echo "$1" | cut -c 3-)"
}

# TEXT: the same of the object with this text and a newline.
object_of() {
	object "$(printf '%s\n' "$1" | sha256sum | cut -d ' ' -f 1)"
}

# FILE TEXT: TEXT and a newline instead of what it holds.
overwrite() {
	chmod u+w "$1"
	printf '%s\n' "$2" >"$1"
	chmod a-w "$1"
}

# ---- what a step gave

pipeline() {
	cat >jig.yaml <<Y
steps:
  a: {run: "echo right >a.txt; mkdir d; echo inside >d/x; mkdir d/e", outputs: [a.txt, d/]}
  b: {run: "cat a.txt d/x own >b.txt; echo said; : $1", inputs: [a.txt, d/, own], outputs: [b.txt]}
Y
}
echo mine >own
pipeline 1
expect 0 jig run
a=$(object_of right)

# Of the same size: nothing is computed from it, and where to go on is said.
overwrite "$a" wrong
pipeline 2
expect 1 jig run
same "$(states last)" "failed a=reused b=failed"
has "$(message last b)" 'input "a.txt"'
has "$(message last b)" "$(basename "$a")"
has "$(message last b)" "content is damaged"
has "$(message last b)" "jig run --force a"
[ ! -e "$a" ] || fail "the damaged object is still taken for there"
expect 1 jig fsck
expect 0 jig run
same "$(states last)" "success a=success b=success"
expect 0 jig get last b.txt -o "$HOME/got" --force
same "$(tr '\n' ' ' <"$HOME/got/b.txt")" "right inside mine "
expect 0 jig fsck

# The same inside a folder, with what was told to do, and without.
for told in "" "--force a"; do
	overwrite "$(object_of inside)" wrong!
	pipeline "3 $told"
	expect 1 jig run
	has "$(message last b)" 'input "d"'
	has "$(message last b)" "jig run --force a"
	# shellcheck disable=SC2086 # it is two words
	expect 0 jig run $told
	same "$(states last)" "success a=success b=success"
	expect 0 jig get last b.txt -o "$HOME/got" --force
	same "$(tr '\n' ' ' <"$HOME/got/b.txt")" "right inside mine "
	expect 0 jig fsck
done

# However it is found out that something inside it is not right or not there: the run after that makes it anew.
for how in file gone cut get fsck; do
	inside=$(object_of inside)
	case $how in
	gone) rm -f "$inside" ;;
	cut) overwrite "$inside" no ;;
	*) overwrite "$inside" wrong! ;;
	esac
	pipeline "$how"
	case $how in
	file)
		sed -i 's,inputs: \[a.txt\, d/,inputs: [a.txt\, d/x,' jig.yaml
		expect 1 jig run
		has "$(message last b)" 'input "d/x"'
		;;
	get) expect 3 jig get last d -o "$HOME/got" --force ;;
	fsck) expect 1 jig fsck ;;
	*) expect 1 jig run ;;
	esac
	expect 0 jig plan
	has "$out" "no longer in the store"
	expect 0 jig run
	same "$(states last)" "success a=success b=success"
	expect 0 jig fsck
	expect 0 jig run
	same "$(states last)" "success a=reused b=reused"
done
pipeline 3
expect 0 jig run

# A step that runs again gives what it has made, not what lay there.
overwrite "$a" wrong
overwrite "$(object_of inside)" wrong!
expect 0 jig run --fresh
same "$(cat "$a" "$(object_of inside)" | tr '\n' ' ')" "right inside "
expect 0 jig fsck

# Nor does what stays in its work folder, has a second name or is logged while it runs.
mkdir other
cat >other/jig.yaml <<Y
steps:
  a: {run: "echo right >a.txt; mkdir d; echo inside >d/x", outputs: [a.txt, d/], keep: always}
  b: {run: "echo twice >b.txt; ln b.txt second; echo logged >l; '$JIG' log --artifact l", outputs: [b.txt]}
Y
cd other
expect 0 jig run
for text in right inside twice logged; do
	overwrite "$(object_of $text)" "$(echo $text | tr a-y b-z)"
done
expect 0 jig run --fresh
for text in right inside twice logged; do
	same "$(cat "$(object_of $text)")" "$text"
done
expect 0 jig fsck
cd ..
rm -rf other

# Of another size: as good as missing, whether it is remembered (plan.cache) or asked for, and for the plan as well.
for memory in kept gone; do
	[ $memory = kept ] || rm -f .jig/plan.cache
	overwrite "$a" "far too long"
	expect 0 jig plan
	has "$out" "no longer in the store"
	expect 0 jig run
	same "$(states last)" "success a=success b=reused"
	same "$(cat "$a")" right
	expect 0 jig fsck
done

# ---- what came from the working tree

for wrong in evil "far too long"; do
	overwrite "$(object_of mine)" "$wrong"
	pipeline "$wrong"
	if [ "$wrong" = evil ]; then
		expect 1 jig run
		has "$(message last b)" 'input "own"'
		has "$(message last b)" "content is damaged"
		has "$(message last b)" "working tree"
	fi
	expect 0 jig run
	expect 0 jig get last b.txt -o "$HOME/got" --force
	same "$(tr '\n' ' ' <"$HOME/got/b.txt")" "right inside mine "
	expect 0 jig fsck
done

# ---- fsck moves it away as well, so that what it says helps

overwrite "$a" wrong
expect 1 jig fsck
has "$out" "a.txt"
has "$err" "jig run --fresh"
expect 0 jig run --fresh
expect 0 jig fsck

# ---- the code: whichever object of it is damaged or gone

rm -rf "$HOME/got"
head -c 300000 /dev/urandom >large.bin
mkdir sub
echo text >sub/file
ln -s file sub/link
git init -q .
expect 0 jig run --fresh
echo first >sub/old
pipeline first
expect 0 jig run
first=$(ask last 'r["run"]')
rm sub/old
pipeline 4
expect 0 jig run
last=$(ask last 'r["run"]')
git --git-dir=.jig/code.git ls-tree -r -t "$(ask last 'r["code"]["snapshot"]')" | sed 's/^[0-9]* [a-z]* //' >"$HOME/objects"
git --git-dir=.jig/code.git rev-parse "refs/jig/run/$last" | sed 's/$/	./' >>"$HOME/objects"
[ "$(wc -l <"$HOME/objects")" -eq 7 ] || fail "objects: $(cat "$HOME/objects")"
while read -r id path; do
	file=.jig/code.git/objects/$(echo "$id" | cut -c 1-2)/$(echo "$id" | cut -c 3-)
	for how in junk told gone; do
		rm -rf .jig/trees
		if [ $how = gone ]; then
			rm -f "$file"
		else
			chmod u+w "$file"
			echo junk >"$file"
		fi
		if [ $how = told ]; then
			expect 1 jig fsck
			has "$out" "its code"
			[ "$path" = . ] || has "$out" ": $path: "
		fi
		[ $how != junk ] || expect 0 jig plan
		expect 0 jig run --force b
		expect 0 jig fsck
	done
done <"$HOME/objects"

# What the working tree does not have any more cannot be written anew: the run and the file are named, and so is the object.
file=.jig/code.git/objects/$(git --git-dir=.jig/code.git rev-parse "refs/jig/run/$first:sub/old" | sed 's,^..,&/,')
chmod u+w "$file"
echo junk >"$file"
rm -rf .jig/trees
expect 3 jig resume "$first" --code same --force b
has "$err" "sub/old"
has "$err" "$file"
has "$err" "jig fsck"
expect 1 jig fsck
has "$out" "run $first: its code: sub/old"
expect 0 jig rm "$first" --yes
expect 0 jig fsck

# All of it: each run whose code is gone is named, and only what is known.
mv .jig/code.git "$HOME/code.git"
expect 1 jig fsck
has "$out" "run $last: its code: snapshot"
hasnt "$out" "run $first: "
expect 2 jig resume "$last" --code same
has "$err" "is no longer in"
mv "$HOME/code.git" .jig/code.git

# ---- logs: what is missing or changed is said, and no way out is promised that there is none

log=.jig/runs/$last/b@1/log
cp -p "$log" "$HOME/log"
echo more >>"$log"
expect 1 jig fsck
has "$out" "run $last: runs/$last/b@1/log: "
mv .jig/runs "$HOME/runs"
expect 1 jig fsck
has "$out" "run $last: runs/$last/b@1/log: cannot be read"
rm -rf .jig/runs
mv "$HOME/runs" .jig/runs
cp -p "$HOME/log" "$log"

# ---- what is told to be typed, of a step whose name the shell would read

for i in 1 2; do
	cat >jig.yaml <<Y
steps:
  m: {matrix: {p: ["c d"]}, run: "echo matrix >m.txt", outputs: [m.txt]}
  n: {run: "cat m.txt; : $i", inputs: [m.txt]}
Y
	[ $i = 2 ] || expect 0 jig run
done
overwrite "$(object_of matrix)" damage
expect 1 jig run
command=$(message last n | sed -n 's/.*(\(jig run --force .*\))$/\1/p')
has "$command" "'m["
expect 0 sh -c "$command"
finish
