/* Texts made from the commands' tables. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* "-n, --limit N" */
void help_option_head(struct buf *out, const struct option_def *o);
/* The command's section of jig(1) in mdoc. */
void help_mdoc(struct buf *out, const struct command *cmd);

#endif
