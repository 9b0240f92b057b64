#include <string.h>
#include "base/text.h"
#include "cli/command.h"

/* Words that stand for a run or a step in the usage are offered by asking jig itself. */
static bool takes_run(const struct command *cmd)
{
	return text_starts(cmd->usage, "RUN") || text_starts(cmd->usage, "[RUN");
}

static bool shown(const struct command *cmd)
{
	return !(cmd->flags & COMMAND_HIDDEN);
}

static void bash_option(void *arg, const struct option_def *o)
{
	struct buf *out = arg;
	buf_addf(out, " --%s%s", o->name, o->value && !o->optional ? "=" : "");
}

static void complete_bash(struct buf *out)
{
	buf_adds(out, "# jig completion for bash: source this file, or put it where bash-completion looks.\n"
		      "_jig()\n{\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]} words= runs=\n"
		      "\tCOMPREPLY=()\n"
		      "\tif ((COMP_CWORD == 1)); then\n\t\tCOMPREPLY=($(compgen -W '");
	for (const struct command *const *c = commands; *c; c++)
		if (shown(*c))
			buf_addf(out, "%s%s", c == commands ? "" : " ", (*c)->name);
	buf_adds(out, "' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $cmd in\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!shown(*c))
			continue;
		buf_addf(out, "\t%s)\n\t\twords='", (*c)->name);
		options_each(*c, bash_option, out);
		buf_addf(out, "'%s ;;\n", takes_run(*c) ? "\n\t\truns=1" : "");
	}
	buf_adds(out, "\tesac\n"
		      "\tif [[ $cur == -* ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		      "\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
		      "\telif [[ -n $runs && $COMP_CWORD -eq 2 ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"last $(jig ls -n 50 --columns number,name 2>/dev/null | tail -n "
		      "+2)\" -- \"$cur\"))\n"
		      "\telse\n"
		      "\t\tcompopt -o default\n"
		      "\tfi\n"
		      "}\n"
		      "complete -F _jig jig\n");
}

/* Inside single quotes of zsh and fish. */
static void quoted(struct buf *out, const char *text, const char *escaped)
{
	for (const char *s = text; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\'");
		else if (strchr(escaped, *s))
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
}

static void zsh_option(void *arg, const struct option_def *o)
{
	struct buf *out = arg;
	const char *many = o->repeat ? "*" : "";
	const char *equals = !o->value ? "" : o->optional ? "=-" : "=";
	if (o->letter)
		buf_addf(out, " \\\n\t\t\t'%s-%c%s[", many, o->letter, o->value ? "+" : "");
	for (int form = o->letter ? 0 : 1; form < 2; form++) {
		if (form)
			buf_addf(out, " \\\n\t\t\t'%s--%s%s[", many, o->name, equals);
		quoted(out, o->text, "[]:\\");
		buf_addc(out, ']');
		if (o->value)
			buf_addf(out, "%s:%s:%s", o->optional ? ":" : "", o->value,
				 strstr(o->value, "FILE") || !strcmp(o->value, "DIR") ? "_files" : "");
		buf_addc(out, '\'');
	}
}

static void complete_zsh(struct buf *out)
{
	buf_adds(out,
		"#compdef jig\n"
		"# jig completion for zsh: put it as `_jig` into a folder of $fpath.\n"
		"_jig_runs()\n{\n"
		"\tcompadd -- last ${(f)\"$(jig ls -n 50 --columns number 2>/dev/null | tail -n +2 | tr -d ' ')\"} \\\n"
		"\t\t${(f)\"$(jig ls -n 50 --columns name 2>/dev/null | tail -n +2 | tr -d ' ')\"}\n"
		"}\n"
		"_jig()\n{\n"
		"\tlocal -a commands\n"
		"\tcommands=(\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!shown(*c))
			continue;
		buf_addf(out, "\t\t'%s:", (*c)->name);
		quoted(out, (*c)->summary, ":\\");
		buf_adds(out, "'\n");
	}
	buf_adds(out, "\t)\n"
		      "\tif ((CURRENT == 2)); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
		      "\tlocal cmd=$words[2]\n"
		      "\tshift words\n\t((CURRENT--))\n"
		      "\tcase $cmd in\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!shown(*c))
			continue;
		buf_addf(out, "\t%s)\n\t\t_arguments -s", (*c)->name);
		options_each(*c, zsh_option, out);
		if (takes_run(*c))
			buf_adds(out, " \\\n\t\t\t'1:run:_jig_runs'");
		buf_adds(out, " \\\n\t\t\t'*::argument:_files' ;;\n");
	}
	buf_adds(out, "\tesac\n}\n_jig \"$@\"\n");
}

struct fish_command { struct buf *out; const char *name; };

static void fish_option(void *arg, const struct option_def *o)
{
	struct fish_command *f = arg;
	buf_addf(f->out, "complete -c jig -n '__fish_seen_subcommand_from %s' -l %s", f->name, o->name);
	if (o->letter)
		buf_addf(f->out, " -s %c", o->letter);
	if (o->value && !o->optional)
		buf_adds(f->out, strstr(o->value, "FILE") || !strcmp(o->value, "DIR") ? " -r -F" : " -x");
	buf_adds(f->out, " -d '");
	quoted(f->out, o->text, "\\");
	buf_adds(f->out, "'\n");
}

static void complete_fish(struct buf *out)
{
	buf_adds(out, "# jig completion for fish: put it as jig.fish into ~/.config/fish/completions.\n");
	for (const struct command *const *c = commands; *c; c++) {
		if (!shown(*c))
			continue;
		buf_addf(out, "complete -c jig -n __fish_use_subcommand -f -a %s -d '", (*c)->name);
		quoted(out, (*c)->summary, "\\");
		buf_adds(out, "'\n");
		if (takes_run(*c))
			buf_addf(out,
				"complete -c jig -n '__fish_seen_subcommand_from %s' -f -a '(jig ls -n 50 --columns "
				"number "
				"2>/dev/null | tail -n +2 | string trim) last'\n",
				(*c)->name);
		options_each(*c, fish_option, &(struct fish_command){ .out = out, .name = (*c)->name });
	}
}

static int run_completion(struct context *c, struct err *e)
{
	static const struct { const char *name; void (*write)(struct buf *); } shells[] = {
		{ "bash", complete_bash }, { "zsh", complete_zsh }, { "fish", complete_fish },
	};
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (!strcmp(shells[i].name, c->args[0])) {
			shells[i].write(&c->out);
			return 0;
		}
	return err_set(e, ERR_USAGE, "there is completion for bash, zsh and fish, not for \"%s\"", c->args[0]);
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "writes a shell's completion of jig's commands and options",
	.usage = "bash|zsh|fish",
	.group = GROUP_OTHER,
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
	.text = "In bash: `source <(jig completion bash)`. In zsh: `jig completion zsh > DIR/_jig` with DIR in $fpath. "
		"In fish: "
		"`jig completion fish > ~/.config/fish/completions/jig.fish`.",
};
