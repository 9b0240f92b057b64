/* The charts of a screen: one for each metric and resource of the attempts shown, and one of those that were laid over
 * each other. Crosshair and zoom are shared by all of them that have the same x; those by step and those by time follow
 * each other through the time at which a step was written. */
#ifndef TUI_CHART_SET_H
#define TUI_CHART_SET_H

#include "tui/chart/chart.h"
#include "tui/chart/series_set.h"

#define SMOOTHS 4
struct chart_item {
	char *title;
	bool over;                /* the one of several metrics */
	bool timed;               /* x is time, else steps */
	struct { size_t *v; size_t len, cap; } curves; /* of the series */
	int left_out;             /* curves laid over, whose x is the other one */
};
struct chart_axis { bool cross; double cross_x, low, high; /* low >= high: all */ };
struct chart_set {
	struct series_set series;
	struct { struct chart_item *v; size_t len, cap; } items; /* the one of several first */
	struct { size_t *v; size_t len, cap; } singles;          /* curves of one point make no chart */
	struct { char **v; size_t len, cap; } over;              /* keys laid over each other */
	struct chart_axis axes[2];                               /* by step, by time */
	bool log;
	int smooth;                                              /* 0: none */
};
void chart_set_release(struct chart_set *c);
/* After the curves of `series` or `over` changed, or one got its second point. */
void chart_set_build(struct chart_set *c);
/* Whether a chart's metric is laid over; turns it. The one of several: takes all away. */
bool chart_set_has(const struct chart_set *c, const struct chart_item *i);
void chart_set_turn(struct chart_set *c, const struct chart_item *i);
double chart_set_strength(const struct chart_set *c);
/* Steps or time for the metrics; crosshair and zoom go along where the record tells how. */
void chart_set_by_time(struct chart_set *c, struct tracker *t, const struct chart_item *i, bool by_time);

/* The crosshair by so many columns of `cols` (a point at least), to an x, to the first (-1) or last point. */
void chart_set_move(struct chart_set *c, struct tracker *t, const struct chart_item *i, int by, int cols);
void chart_set_cross(struct chart_set *c, struct tracker *t, const struct chart_item *i, double x);
void chart_set_end(struct chart_set *c, struct tracker *t, const struct chart_item *i, int end);
/* factor < 1: in. Around the crosshair, else the middle. */
void chart_set_zoom(struct chart_set *c, struct tracker *t, const struct chart_item *i, double factor);
/* by: parts of what is shown. */
void chart_set_pan(struct chart_set *c, struct tracker *t, const struct chart_item *i, double by);
void chart_set_all(struct chart_set *c);

/* The value under the crosshair, else the last, of the chart's first curve; false: there is none. */
bool chart_set_value(struct chart_set *c, const struct chart_item *i, double *ret);
void chart_set_draw(struct chart_set *c, const struct chart_item *i, struct grid *g, struct rect r, bool chosen,
                    enum chart_legend legend, bool ascii, struct chart_frame *ret);

#endif
