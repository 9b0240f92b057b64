#!/bin/sh
# JIG GEN_SCREENS [FOLDER]: makes docs/pictures/*.svg, screens of the workbench as the program draws them: of the record that tests/lib/gen_screens.c makes, and of a
# training of examples/rings that fails and is mended, run here.
set -eu
jig=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
gen=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
here=$(cd "$(dirname "$0")/.." && pwd)
folder=${3:-$here/docs/pictures}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
dir=$(mktemp -d /tmp/jig-pictures.XXXXXX)
trap 'rm -rf "$dir"' EXIT
unset NO_COLOR
LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color COLORTERM=truecolor XDG_CONFIG_HOME=$dir/config
export LC_ALL TZ TERM COLORTERM XDG_CONFIG_HOME

# THEME SIZE FOLDER [COMMAND]: plays the keys that stand in stdin; FILE of :save-screen stands in the folder of the pictures.
play() {
	sed "s|^:save-screen |&$folder/|" >"$dir/keys"
	(cd "$3" && JIG_THEME=$1 ${4:+"$4"} ${4:+"$3"} "$jig" --script "$dir/keys" --size "$2")
}

"$gen" "$dir/penguins"
for ground in dark light; do
	play $ground 110x24 "$dir/penguins" "$gen" <<-END
		:clock 2026-11-21T10:42:00Z
		j j j
		:save-screen runs-$ground.svg
		Enter
		:save-screen run-$ground.svg
	END
done
play harbour 110x24 "$dir/penguins" "$gen" <<'END'
:clock 2026-11-21T10:42:00Z
j j j
Enter
1
:save-screen log.svg
Esc
T
j j j
:save-screen timeline.svg
END

cp -R "$here/examples/rings" "$dir/rings"
cd "$dir/rings"
sed -i 's/min(epoch.*)]/epoch \/\/ 10]/' schedules/steps.py
"$jig" run -n three-rates >"$dir/said" 2>&1 && {
	echo "the run was to fail"
	exit 1
}
sed -i 's/epoch \/\/ 10/min(epoch \/\/ 10, len(RATES) - 1)/' schedules/steps.py
play ember 110x26 "$dir/rings" <<'END'
Enter
2
:wait acc
:save-screen metrics.svg
Esc
R
:wait 3 reused
:save-screen resume.svg
END
echo "pictures: $(ls "$folder" | wc -l) in $folder"
