/* The log of an attempt: a screen of its own, or the first tab of a step. */
#ifndef TUI_VIEW_LOG_H
#define TUI_VIEW_LOG_H

#include "tui/log/log_pane.h"
#include "tui/workbench/view.h"

/* trail: what the title says at the left, "17 ▸ train[boost]@1 ▸ log"; NULL: nothing (a tab of a step, which says it).
 * Nothing is read before the first draw, refresh or work. */
struct view *view_log_new(const struct log_pane_options *o, const char *trail);
/* The attempt has ended (or goes on); its log is looked at once more. */
void view_log_live(struct view *v, struct app *a, bool live);

#endif
