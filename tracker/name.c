#include "tracker/name.h"

#include <stdio.h>

static const char *const adjectives[100] = {
        "able",   "agile",  "amber",   "ample",  "apt",     "blithe", "bold",   "brave",  "breezy", "brief",
        "bright", "brisk",  "calm",    "candid", "careful", "cheery", "chief",  "civil",  "clear",  "clever",
        "cosy",   "crisp",  "curious", "deft",   "dense",   "direct", "dry",    "eager",  "early",  "easy",
        "even",   "exact",  "fair",    "fast",   "fine",    "firm",   "fleet",  "fond",   "frank",  "free",
        "fresh",  "gentle", "glad",    "golden", "grand",   "green",  "grey",   "hale",   "handy",  "happy",
        "hardy",  "honest", "humble",  "jolly",  "keen",    "kind",   "light",  "lively", "loyal",  "lucid",
        "lucky",  "lunar",  "mellow",  "merry",  "mild",    "misty",  "modest", "neat",   "nimble", "noble",
        "olive",  "open",   "patient", "placid", "plain",   "polite", "prime",  "proud",  "quick",  "quiet",
        "rapid",  "ready",  "rosy",    "round",  "serene",  "sharp",  "silver", "smooth", "snug",   "sober",
        "solid",  "steady", "still",   "sunny",  "swift",   "tidy",   "vivid",  "warm",   "wise",   "witty",
};
static const char *const nouns[100] = {
        "adder",  "alder",  "ant",    "ash",     "aspen", "badger", "bat",    "bear",   "beaver", "bee",
        "beech",  "birch",  "bison",  "bream",   "carp",  "cedar",  "clover", "cod",    "crane",  "cricket",
        "crow",   "curlew", "daisy",  "deer",    "dove",  "duck",   "eagle",  "egret",  "eel",    "elk",
        "elm",    "falcon", "fern",   "finch",   "fir",   "fox",    "frog",   "gecko",  "goat",   "goose",
        "grouse", "gull",   "hare",   "hawk",    "hazel", "heron",  "holly",  "hornet", "ibex",   "ibis",
        "iris",   "ivy",    "jay",    "kestrel", "kite",  "lark",   "larch",  "lily",   "linnet", "lynx",
        "magpie", "maple",  "marten", "mole",    "moose", "moss",   "moth",   "mouse",  "newt",   "oak",
        "orchid", "otter",  "owl",    "perch",   "pike",  "pine",   "plover", "poplar", "puffin", "quail",
        "raven",  "reed",   "robin",  "rook",    "rowan", "salmon", "seal",   "shrew",  "snipe",  "sparrow",
        "spruce", "stoat",  "stork",  "swan",    "swift", "tern",   "thrush", "toad",   "trout",  "wren",
};

void name_make(unsigned number, char out[64])
{
	snprintf(out, 64, "%s-%s", adjectives[number / 100 % 100], nouns[number % 100]);
}
