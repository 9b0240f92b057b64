# Killed, or with a call that fails, at points of run, resume, gc, rm, the making of an environment and an upgrade of the record: nothing is lost, and going
# on comes to what an undisturbed run gives. FAULTS_ALL=1 tries every point.
. "$TESTS/../lib/runs.sh"
case $(uname) in Linux) ;; *)
	echo "a library that is preloaded is needed"
	exit 77
	;;
esac
${CC:-cc} -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -O1 -shared -fPIC -o "$HOME/faults.so" "$TESTS/../lib/faults.c" -ldl
python3 "$TESTS/faults.py" "$JIG" "$HOME/faults.so" "$HOME/work"
