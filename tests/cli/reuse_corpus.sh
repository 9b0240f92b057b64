# What is reused after each of many changes, and why: the plan and the run agree, the reason is the one expected, and the outputs are those of a run from nothing.
. "$TESTS/lib.sh"
needs python3
echo leak:libpcre2 >"$HOME/lsan"
LSAN_OPTIONS="suppressions=$HOME/lsan:print_suppressions=0"
export LSAN_OPTIONS
# Its environments come from a stand-in, and steps start Python itself, not what chooses one.
mkdir -p "$HOME/bin"
cp "$TESTS/../lib/fake_uv" "$HOME/bin/uv"
PATH=$HOME/bin:$(python3 -c 'import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)))'):$PATH
unset VIRTUAL_ENV CONDA_PREFIX
PYTHONDONTWRITEBYTECODE=1 python3 "$TESTS/reuse_corpus.py" "$JIG" "$PWD"
