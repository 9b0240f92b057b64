/* What people set once: $XDG_CONFIG_HOME/jig/config (else ~/.config/jig/config), lines "name = value"; "#" begins a
 * comment at the start of a line and of a word of a value.
 *
 *	theme = dark            a theme by name (NO_COLOR > JIG_THEME > this)
 *	ambiguous = wide        the terminal shows ambiguous characters two cells wide: ASCII glyphs (narrow: the
 *	                        default)
 *	mouse = off             clicks are left to the terminal (on: the default)
 *	key runs c = delete     on a screen (or "all"), a key (key.h) does an action (action.h); "none" takes it away
 *
 * A line with an error is left out and told, the others hold. */
#ifndef TUI_CONFIG_H
#define TUI_CONFIG_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"

struct config_key { char *screen, *key, *action; int line; };
struct config {
	char *path;  /* NULL: there is no home */
	char *theme; /* NULL: not said */
	bool wide, no_mouse;
	struct config_key *keys; /* as written; keymap_set (action.h) finds out whether they make sense */
	size_t nkeys;
};
/* A file that is not there is an empty one. Faults, a line each ("config:3: …"), are appended to faults (may be NULL);
 * what can be read is read. */
void config_load(struct config *ret, struct buf *faults);
/* The same for a text. */
void config_parse(const char *name, const char *text, struct config *ret, struct buf *faults);
void config_release(struct config *c);
/* Where people's own of jig's stands: $XDG_CONFIG_HOME/jig/NAME, else ~/.config/jig/NAME; owned. NULL: there is no
 * home. */
char *config_place(const char *name);
/* The name of the theme that holds: JIG_THEME, that of the config, else "default". Borrowed. */
const char *config_theme(const struct config *c);

#endif
