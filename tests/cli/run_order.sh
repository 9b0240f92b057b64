# Which steps run, in what order, and what state the run takes.
. "$TESTS/../lib/runs.sh"

# ---- triggers

cat >jig.yaml <<'Y'
steps:
  ok: {run: "true"}
  bad: {run: "false"}
  never: {run: "true", needs: [bad]}
  success_both: {run: "true", needs: [ok, bad]}
  done_both: {run: "true", needs: [ok, bad], trigger: all_done}
  failed_both: {run: "true", needs: [ok, bad], trigger: all_failed}
  one_success: {run: "true", needs: [ok, bad], trigger: one_success}
  one_success_none: {run: "true", needs: [bad], trigger: one_success}
  one_failed_none: {run: "true", needs: [ok], trigger: one_failed}
  none_failed: {run: "true", needs: [ok, bad], trigger: none_failed}
  none_failed_skip: {run: "true", needs: [ok, failed_both], trigger: none_failed}
  success_skip: {run: "true", needs: [ok, failed_both]}
  always: {run: "true", needs: [never], trigger: always}
  done_never: {run: "true", needs: [never], trigger: all_done}
Y
expect 1 jig run -j 2
same "$(states last)" "failed ok=success bad=failed never=upstream_failed success_both=upstream_failed done_both=success failed_both=skipped\
 one_success=success one_success_none=upstream_failed one_failed_none=skipped none_failed=upstream_failed none_failed_skip=success\
 success_skip=skipped always=success done_never=success"

# A failure is forgiven by a successful direct dependent that waited for it, and by nothing else. One that was reused is as good.
printf 'steps:\n  bad: {run: "false"}\n  fix: {run: "true", needs: [bad], trigger: one_failed}\n' >jig.yaml
expect 0 jig run --fresh
same "$(states last)" "success bad=failed fix=success"
expect 0 jig run
same "$(states last)" "success bad=failed fix=reused"
printf 'steps:\n  bad: {run: "false"}\n  fix: {run: "true", needs: [bad], trigger: all_failed}\n' >jig.yaml
expect 0 jig run --fresh
printf 'steps:\n  bad: {run: "false"}\n  fix: {run: "false", needs: [bad], trigger: all_failed}\n' >jig.yaml
expect 1 jig run
printf 'steps:\n  bad: {run: "false"}\n  leaf: {run: "true", needs: [bad], trigger: all_done}\n' >jig.yaml
expect 1 jig run --fresh
printf 'steps:\n  bad: {run: "false"}\n  mid: {run: "true", needs: [bad]}\n  far: {run: "true", needs: [mid], trigger: one_failed}\n' >jig.yaml
expect 1 jig run --fresh
same "$(states last)" "failed bad=failed mid=upstream_failed far=success"

# `always` does not wait, `one_failed` and `one_success` wait for one only.
cat >jig.yaml <<'Y'
steps:
  slow: {run: 'until [ -e "$HOME/always" ] && [ -e "$HOME/failed" ] && [ -e "$HOME/success" ]; do sleep 0.02; done'}
  ok: {run: "true"}
  bad: {run: "false"}
  always: {run: 'touch "$HOME/always"', needs: [slow], trigger: always}
  failed: {run: 'touch "$HOME/failed"', needs: [slow, bad], trigger: one_failed}
  success: {run: 'touch "$HOME/success"', needs: [slow, ok], trigger: one_success}
Y
expect 0 jig run -j 6 --fresh
same "$(states last)" "success slow=success ok=success bad=failed always=success failed=success success=success"

# ---- what a failure stops

cat >jig.yaml <<'Y'
steps:
  bad: {run: 'until [ -e "$HOME/runs" ]; do sleep 0.02; done; exit 4'}
  long: {run: 'touch "$HOME/runs"; until [ -e "$HOME/go" ]; do sleep 0.02; done'}
  other: {run: 'touch "$HOME/other"', needs: [long]}
Y
expect 1 jig run -j 2 --fail-fast
same "$(states last)" "failed bad=failed long=stopped other=stopped"
[ ! -e "$HOME/other" ]
touch "$HOME/go"
expect 1 jig run -j 2
same "$(states last)" "failed bad=failed long=success other=success"
[ -e "$HOME/other" ]

# ---- matrix, and what is chosen

cat >jig.yaml <<'Y'
steps:
  data: {run: "echo 1 >data.txt", outputs: [data.txt]}
  train:
    matrix: {model: [lr, tree], seed: [1, 2], exclude: [{model: tree, seed: 2}], include: [{model: boost, seed: 9}]}
    inputs: [data.txt]
    run: "echo ${matrix.model}-${matrix.seed} >out/${matrix.model}-${matrix.seed}"
    outputs: ["out/${matrix.model}-${matrix.seed}"]
  join: {inputs: ["out/*"], run: "cat out/* >all.txt", outputs: [all.txt]}
  apart: {run: "true"}
Y
expect 0 jig run --fresh
same "$(states last)" "success data=success train[lr,1]=success train[lr,2]=success train[tree,1]=success train[boost,9]=success join=success apart=success"
expect 0 jig get last all.txt -o got
same "$(tr '\n' ' ' <got/all.txt)" "boost-9 lr-1 lr-2 tree-1 "
expect 0 jig run "train[lr,1]"
same "$(ask last '" ".join(s)')" "data train[lr,1]"
expect 0 jig run --to train
same "$(ask last '" ".join(s)')" "data train[lr,1] train[lr,2] train[tree,1] train[boost,9]"
expect 0 jig run apart --to data
same "$(ask last '" ".join(s)')" "data apart"
before=$(ask last 'r["run"]')
expect 2 jig run nosuch
has "$err" nosuch
expect 2 jig run "train[lr,7]"
has "$err" "train[lr,7]"
same "$(ask last 'r["run"]')" "$before"

# ---- one after the other, in the order of the file; needs come first

cat >jig.yaml <<'Y'
steps:
  third: {run: 'echo third >>"$HOME/order"', needs: [first]}
  first: {run: 'echo first >>"$HOME/order"'}
  second: {run: 'echo second >>"$HOME/order"'}
  fourth: {run: 'echo fourth >>"$HOME/order"', needs: [second]}
Y
expect 0 jig run -j 1
same "$(tr '\n' ' ' <"$HOME/order")" "first second third fourth "

# ---- reservations

cat >jig.yaml <<'Y'
steps:
  a: {run: &run 'mkdir "$HOME/lock" && echo "$JIG_STEP" >>"$HOME/alone"; ls "$HOME" | grep -c "^in\." >>"$HOME/seen" || true; rmdir "$HOME/lock"', resources: {cpu: 2}}
  b: {run: 'touch "$HOME/in.b"; sleep 0.1; rm "$HOME/in.b"'}
  c: {run: 'touch "$HOME/in.c"; sleep 0.1; rm "$HOME/in.c"'}
  d: {run: *run, resources: {cpu: 2}}
Y
expect 0 jig run -j 2 --cpu 2
same "$(wc -l <"$HOME/alone") $(sort -u "$HOME/seen")" "2 0"
printf 'steps:\n  small: {run: "true"}\n  big:\n    run: "true"\n    resources: {cpu: 3}\n' >jig.yaml
before=$(ask last 'r["run"]')
expect 2 jig run -j 2 --cpu 2
has "$err" "jig.yaml:3:"
has "$err" '"big"'
has "$err" "--cpu"
expect 0 jig run -j 2 --cpu 3
printf 'steps:\n  big: {run: "true", resources: {memory: 10G}}\n' >jig.yaml
expect 2 jig run --memory 1G
has "$err" "--memory"
expect 0 jig run --memory 10G
printf 'steps:\n  a: {run: &r "until [ -e $HOME/gpu.2 ]; do sleep 0.02; done; echo $CUDA_VISIBLE_DEVICES >>$HOME/gpus", resources: {gpu: 1}}\n  b: {run: "touch $HOME/gpu.2; echo $CUDA_VISIBLE_DEVICES >>$HOME/gpus", resources: {gpu: 1}}\n  none: {run: "echo x${CUDA_VISIBLE_DEVICES-unset} >$HOME/nogpu"}\n' >jig.yaml
expect 0 env -u CUDA_VISIBLE_DEVICES jig run --isolation folder -j 3 --gpu 2
same "$(sort "$HOME/gpus" | tr '\n' ' ')" "0 1 "
# Of those that the caller may use, however they are named.
for list in 5,7 GPU-b,GPU-a; do
	rm "$HOME/gpus" "$HOME/gpu.2"
	expect 0 env CUDA_VISIBLE_DEVICES=$list jig run --fresh --isolation folder -j 3
	same "$(sort "$HOME/gpus" | tr '\n' ' ')" "$(echo $list | tr ',' '\n' | sort | tr '\n' ' ')"
	same "$(cat "$HOME/nogpu")" "x$list"
done
expect 2 env CUDA_VISIBLE_DEVICES= jig run
has "$err" "--gpu"
expect 2 jig run --gpu 0
has "$err" "--gpu"
finish
