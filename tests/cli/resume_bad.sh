# What a resume is handed that it cannot do anything with, and checkpoint folders that are large, odd, in use, or do not fit.
. "$TESTS/../lib/runs.sh"
needs git

cat >jig.yaml <<'Y'
params: {n: 1}
steps:
  a: {run: "cat raw.txt >a.txt", inputs: [raw.txt], outputs: [a.txt]}
  b: {run: "sh b.sh ${params.n}", inputs: [a.txt], outputs: [b.txt]}
Y
echo 1 >raw.txt
echo "exit 1" >b.sh

# ---- code: without a repository, and revisions that cannot be had

expect 1 jig run
runs=$(ask last 'r["run"]')
expect 2 jig resume 1 --code HEAD
has "$err" "HEAD"
expect 2 jig resume 1 --code ""
git init -q .
git config user.name t
git config user.email t@example.org
expect 2 jig resume 1 --code HEAD
git add b.sh
git commit -qm "no pipeline yet"
expect 2 jig resume 1 --code HEAD
has "$err" "revision HEAD has no jig.yaml"
echo "steps: {a: {run: 'true', outputs: 7}, b: {}}" >bad.yaml
cp jig.yaml good.yaml
cp bad.yaml jig.yaml
git add jig.yaml
git commit -qm "a pipeline that is none"
expect 2 jig resume 1 --code HEAD
has "$err" "jig.yaml:1:"
expect 2 jig resume 1
has "$err" "jig.yaml:1:"
cp good.yaml jig.yaml
git add jig.yaml
git commit -qm good
for code in HEAD~9 nowhere 0000000000000000000000000000000000000000 'HEAD:b.sh' -; do
	expect 2 jig resume 1 --code "$code"
done
expect 2 jig resume 1 --code HEAD --dry-run -f nothing.yaml
has "$err" "nothing.yaml"

# ---- runs that are not there, params and steps that are not

for run in 0 99 -1 99999999999999999999 nobody 1x; do
	expect 2 jig resume -- "$run"
	expect 2 jig restart -- "$run"
done
expect 2 jig resume 1 -p m=1
has "$err" "m"
expect 2 jig resume 1 -p n
expect 2 jig resume 1 --from c
has "$err" 'there is no step "c"'
expect 2 jig resume 1 --force c
expect 2 jig resume 1 1
same "$(ask last 'r["run"]')" "$runs"

needs_lookups

# ---- what was collected

echo 2 >raw.txt
expect 1 jig run
echo 3 >raw.txt
digest=$(printf '1\n' | sha256sum | cut -d' ' -f1)
object=$(find .jig -type f -name "*$(echo "$digest" | cut -c3-)*")
[ -n "$object" ] || fail "no object of the input"
rm -f $object
expect 2 jig resume 1 --code same
has "$err" 'input "raw.txt" of run 1 is no longer in the store; `--code work` takes the inputs as they are now'
expect 1 jig resume 1
same "$(states last)" "failed a=success b=failed"
expect 0 jig resume 1 --dry-run
echo 1 >raw.txt
# The content is back, by the input: what was given stands there again.
expect 1 jig resume 1
same "$(states last)" "failed a=reused b=failed"
expect 0 jig rm 1 --yes
expect 2 jig resume 1
has "$err" 'there is no run "1"'

# ---- checkpoints: 10 GB of holes, what is no file, what is still open, what is not readable as a folder

cat >b.sh <<'S2'
cd "$JIG_CHECKPOINTS" || exit 9
ls | sort | tr '\n' ' ' >>"$HOME/found"
echo >>"$HOME/found"
[ ! -e one ] || [ ! -e "$HOME/go" ] || { cd "$OLDPWD"; cat "$JIG_CHECKPOINTS/one" >b.txt; exit 0; }
truncate -s 10G large
mkfifo pipe
ln -s /etc/passwd out
ln -s one inside
mkdir many
i=0
while [ $i -lt 300 ]; do echo $i >many/$i; i=$((i + 1)); done
sleep 0.02
echo whole >one
exit 1
S2
expect 1 jig run
failed=$(ask last 'r["run"]')
: >"$HOME/go"
exec 7>>".jig/runs/$failed/b.ckpt/one" 8<".jig/runs/$failed/b.ckpt/large"
expect 0 jig resume "$failed"
exec 7>&- 8<&-
same "$(tail -n 1 "$HOME/found")" "inside large many one "
same "$(ask last 's["b"]["attempts"][0]["continued"]["checkpoint"]["path"]')" one
copy=.jig/runs/$(ask last 'r["run"]')/b.ckpt
[ "$(du -sk ".jig/runs/$failed/b.ckpt" | cut -f1)" -lt 10000 ] || fail "the holes are not there to begin with"
rm "$HOME/go"

# In its place the step put a file, a link: there is nothing to hand over.
for instead in 'echo x >"$JIG_CHECKPOINTS"' 'ln -s / "$JIG_CHECKPOINTS"' ':'; do
	printf 'ls "$JIG_CHECKPOINTS" | wc -l >"$HOME/count"; [ ! -e "$HOME/go" ] || { echo x >b.txt; exit 0; }\nrm -rf "$JIG_CHECKPOINTS"; %s; exit 1\n' "$instead" >b.sh
	expect 1 jig run
	failed=$(ask last 'r["run"]')
	: >"$HOME/go"
	expect 0 jig resume "$failed"
	same "$(tr -d ' ' <"$HOME/count")" 0
	same "$(ask last 's["b"]["attempts"][0]["continued"]')" None
	rm "$HOME/go"
	rm -f ".jig/runs/$failed/b.ckpt" 2>/dev/null || :
done

# ---- no room for them: the step fails with what it takes and what there is, and with room it goes on as if nothing had been

small=$HOME/small
mkdir "$small"
if mount -t tmpfs -o size=24m tmpfs "$small" 2>/dev/null; then
	trap 'umount -l "$small"' EXIT
	mkdir "$small/p"
	cat >"$small/p/jig.yaml" <<'Y'
steps:
  b: {run: "sh b.sh", outputs: [b.txt]}
Y
	cd "$small/p"
	printf '[ ! -e "$HOME/go" ] || { cksum <"$JIG_CHECKPOINTS/one" >b.txt; exit 0; }\nhead -c 6000000 /dev/urandom >"$JIG_CHECKPOINTS/one"; exit 1\n' >b.sh
	expect 1 jig run
	: >"$HOME/go"
	dd if=/dev/zero of="$small/fill" bs=1k count="$(($(df -k "$small" | tail -n 1 | awk '{print $4}') - 4000))" 2>/dev/null
	expect 1 jig resume 1
	same "$(cause last b)" env
	has "$(message last b)" "make room (jig gc), or begin without them (jig restart)"
	full=$(ask last 'r["run"]')
	rm "$small/fill"
	expect 0 jig resume "$full"
	same "$(ask last 's["b"]["attempts"][0]["continued"]["run"]')" 1
	expect 0 jig get last b.txt -o got
	same "$(cat got/b.txt)" "$(cksum <.jig/runs/1/b.ckpt/one)"
	finish
	cd "$OLDPWD"
	umount "$small"
	trap - EXIT
else
	echo "no file system can be mounted here: no full disk was tried"
fi
