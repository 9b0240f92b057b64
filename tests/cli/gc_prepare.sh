# `gc --now` beside a run that is being prepared: what it has stored already stays.
. "$TESTS/../lib/runs.sh"
needs python3
needs openssl
export FAKE_UV_LOG="$HOME/uv.log" FAKE_UV_GO="$HOME/go"
unset VIRTUAL_ENV CONDA_PREFIX XDG_CACHE_HOME
mkdir "$HOME/bin"
printf '#!/bin/sh\nexec sh %s "$@"\n' "$TESTS/../lib/fake_uv" >"$HOME/bin/uv"
chmod +x "$HOME/bin/uv"
export PATH="$HOME/bin:$PATH"

echo right >in.txt
cat >jig.yaml <<'Y'
steps:
  old: {run: "echo old >old.txt", outputs: [old.txt]}
  new: {run: "cat in.txt old.txt >new.txt", inputs: [in.txt, old.txt], outputs: [new.txt]}
Y
expect 0 jig run --to old
# The environment is built until $FAKE_UV_GO is there.
mkdir slow
printf 'slow==1 --hash=sha256:%s\n' "$(printf x | openssl dgst -sha256 -r | cut -d' ' -f1)" >slow/requirements.lock
sed -i "s|^  new: {|&env: slow/requirements.lock, |" jig.yaml
jig run >run.out 2>run.err &
await grep -q pip "$FAKE_UV_LOG"
expect 0 jig gc --now
has "$out" "a run is under way and may use them"
touch "$FAKE_UV_GO"
wait $! || fail "the run beside gc: $(cat run.out run.err)"
expect 0 jig get last new.txt -o got
same "$(tr '\n' ' ' <got/new.txt)" "right old "
expect 0 jig fsck
finish
