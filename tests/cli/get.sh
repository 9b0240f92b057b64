# Outputs out of the store: whole, the same, never over what differs.
. "$TESTS/lib.sh"
cp "$TESTS/demo.yaml" jig.yaml
expect 0 jig run

expect 0 jig get 1 --list
same "$(printf "%s\n" "$out" | cut -f 3 | sort | tr '\n' ' ')" "data.csv models/lr.txt models/tree.txt plots/lr/ plots/tree/ "
[ ! -e data.csv ] || fail "--list wrote"
expect 0 jig get 1 -o out
same "$(printf "%s\n" "$out" | sort | tr '\n' ' ')" "out/data.csv out/models/lr.txt out/models/tree.txt out/plots/lr/ out/plots/tree/ "
same "$(cat out/data.csv)" "a,b"
[ -x out/plots/lr/sub/b.sh ] || fail "not executable any more"
same "$(readlink out/plots/lr/link)" "sub/b.sh"

# The same again: nothing to do. With something else there: nothing is written at all.
expect 0 jig get 1 -o out
has "$out" "5 are there already"
echo other >out/plots/lr/a.txt
rm out/data.csv
expect 2 jig get 1 -o out
has "$err" "plots/lr is there and differs"
has "$err" "--force"
[ ! -e out/data.csv ] || fail "wrote in spite of a difference"
same "$(cat out/plots/lr/a.txt)" other
expect 0 jig get 1 -o out --force
same "$(cat out/plots/lr/a.txt)" p
same "$(cat out/data.csv)" "a,b"
[ -z "$(find out -name '.jig-get*')" ] || fail "left-overs"

# A link in the way is replaced, not followed.
echo mine >mine
ln -sf "$PWD/mine" out/data.csv
expect 2 jig get 1 -o out data.csv
expect 0 jig get 1 -o out data.csv --force
same "$(cat mine)" mine
[ ! -L out/data.csv ] || fail "still a link"

# Parts: a file, a folder, something inside one, patterns.
expect 0 jig get 1 -o part plots/lr/sub models/lr.txt
same "$(cd part && find . -type f | sort | tr '\n' ' ')" "./models/lr.txt ./plots/lr/sub/b.sh "
expect 0 jig get 1 -o part 'models/*.txt' 'plots/**/b.sh'
[ -e part/plots/tree/sub/b.sh ] || fail "pattern inside a folder"
expect 2 jig get 1 -o part nothing.csv
has "$err" "--list"
expect 2 jig get 1 model/lr.txt
has "$err" 'did you mean "models/lr.txt"?'

# Without -o: where they stood in the project, from any folder of it.
mkdir sub
same "$(cd sub && jig get 1 data.csv)" "$(pwd -P)/data.csv"
same "$(cat data.csv)" "a,b"
same "$(jig get 1 models/lr.txt)" "models/lr.txt"

# A damaged object is said, and nothing of it stays.
rm -f data.csv
object=.jig/objects/$(jig get 1 --list data.csv | cut -c 1-2)/$(jig get 1 --list data.csv | cut -c 3-64)
cp "$object" good
chmod 644 "$object"
printf 'a,c\n' >"$object"
expect 3 jig get 1 data.csv
[ ! -e data.csv ] || fail "a damaged output was written"
expect 1 jig fsck
has "$out" "run 1"
has "$out" "data.csv"
rm -f "$object"
expect 1 jig fsck
expect 1 jig fsck --json
has "$out" '"ok": false'
cp good "$object"
chmod 444 "$object"
finish
