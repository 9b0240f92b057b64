# Tags, notes and deleting from the runs screen, for one run and for those that are marked.
. "$TESTS/lib.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
cat >jig.yaml <<'E'
steps: {first: {run: "echo one > one.txt", outputs: [one.txt]}}
E
for i in 1 2 3 4; do
	jig run >/dev/null
done
cat >keys <<'E'
t
:wait tag of run 4
:type team=a
Enter
:wait run 4: tag team=a
Space Space
:wait 2 marked
t
:wait tag of 2 runs
:type kind=odd
Enter
:wait 2 runs: tag kind=odd
j
N
:wait note of run 1
:type -5 degrees
Enter
:wait run 1: note -5 degrees
k
d
:wait [y] delete 2 runs: 4, 3
Escape
E
sed -i 's/^Escape$/Esc/' keys
expect 0 jig --script keys --size 100x20
has "$(jig tag 4)" "team=a"
has "$(jig tag 4)" "kind=odd"
has "$(jig tag 3)" "kind=odd"
hasnt "$(jig tag 2)" "kind=odd"
has "$(jig show 1)" "-5 degrees"

# What is deleted is not marked any more; a tag that is refused says why.
cat >keys <<'E'
Space Space j Space
:wait 3 marked
d
y
:wait removed 3 runs
:wait 1 run
:save-screen left.txt
t
:wait tag of run 2
:type =x
Enter
:wait cannot be the key of a tag
:save-screen refused.txt
E
expect 0 jig --script keys --size 160x20
has "$(cat refused.txt)" 'and is not "last"'
hasnt "$(cat refused.txt)" '"last"·'
hasnt "$(cat left.txt)" "marked"
