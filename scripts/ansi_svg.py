"""Reads what a program wrote to a terminal, writes the screen that stays behind as SVG: ansi_svg.py [COLUMNS [TITLE]] < bytes > picture.svg
Knows SGR colours and weights, moves of the cursor, erasing; other escape sequences are left out."""
import re
import sys
import unicodedata
from html import escape

COLUMNS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
TITLE = sys.argv[2] if len(sys.argv) > 2 else ""
CELL_W, CELL_H, PAD, SIZE = 8.4, 18, 14, 14
FORE, BACK = "#d0d4da", "#16191d"
BASE = ["#2b3036", "#e5646d", "#7fc07f", "#d9b36c", "#6fa8dc", "#b58ad6", "#67b8b8", "#d0d4da",
        "#7a828c", "#ff8a92", "#a2dba2", "#f0cf8e", "#93c3ee", "#cfaceb", "#8fd6d6", "#ffffff"]


def indexed(n):
    if n < 16:
        return BASE[n]
    if n >= 232:
        return "#" + "%02x" % (8 + (n - 232) * 10) * 3
    n -= 16
    levels = [0, 95, 135, 175, 215, 255]
    return "#%02x%02x%02x" % (levels[n // 36], levels[n // 6 % 6], levels[n % 6])


def sgr(style, text):
    numbers = [int(n or 0) for n in re.split("[;:]", text)] if text else [0]
    style = dict(style)
    while numbers:
        n = numbers.pop(0)
        if n == 0:
            style = {}
        elif n in (1, 2, 3, 4, 7):
            style[n] = True
        elif n == 22:
            style.pop(1, None)
            style.pop(2, None)
        elif n in (23, 24, 27):
            style.pop(n - 20, None)
        elif n in (38, 48) and numbers:
            key = "fg" if n == 38 else "bg"
            if numbers.pop(0) == 5:
                style[key] = indexed(numbers.pop(0))
            else:
                style[key] = "#%02x%02x%02x" % tuple(numbers[:3])
                del numbers[:3]
        elif n in (39, 49):
            style.pop("fg" if n == 39 else "bg", None)
        elif 30 <= n <= 37 or 90 <= n <= 97:
            style["fg"] = BASE[n - 30 if n < 90 else n - 82]
        elif 40 <= n <= 47 or 100 <= n <= 107:
            style["bg"] = BASE[n - 40 if n < 100 else n - 92]
    return style


def screen(text):
    rows, row, col, style = [[]], 0, 0, {}
    pieces = re.compile(r"\x1b\[([?>=]?)([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\s\S]")
    for piece in pieces.finditer(text):
        what = piece.group(0)
        if piece.group(3) and not piece.group(1):
            kind, first = piece.group(3), piece.group(2).split(";")[0]
            n = int(first) if first.isdigit() else 0
            if kind == "m":
                style = sgr(style, piece.group(2))
            elif kind == "A":
                row = max(0, row - max(n, 1))
            elif kind == "B":
                row += max(n, 1)
            elif kind == "C":
                col += max(n, 1)
            elif kind == "D":
                col = max(0, col - max(n, 1))
            elif kind == "G":
                col = max(n, 1) - 1
            elif kind == "K":
                rows[row] = rows[row][:col] if n == 0 else []
            elif kind == "J" and n == 0:
                rows[row] = rows[row][:col]
                del rows[row + 1:]
        elif what == "\n":
            row, col = row + 1, 0
        elif what == "\r":
            col = 0
        elif what >= " ":
            line = rows[row]
            line.extend([(" ", {})] * (col - len(line)))
            wide = unicodedata.east_asian_width(what) in "WF"
            if unicodedata.combining(what) and col:
                line[col - 1] = (line[col - 1][0] + what, line[col - 1][1])
                continue
            line[col:col + 1 + wide] = [(what, style)] + [("", style)] * wide
            col += 1 + wide
        while row >= len(rows):
            rows.append([])
    while rows and not rows[-1]:
        rows.pop()
    return rows


def draw(rows):
    top = 26 if TITLE else 0
    width, height = COLUMNS * CELL_W + 2 * PAD, len(rows) * CELL_H + 2 * PAD + top
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" font-family="ui-monospace,'
           'SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="%d">' % (width, height, width, height, SIZE),
           '<rect width="100%%" height="100%%" rx="8" fill="%s"/>' % BACK]
    if TITLE:
        out.append('<text x="%g" y="22" fill="%s">%s</text>' % (PAD, BASE[8], escape(TITLE)))
    for y, line in enumerate(rows):
        at = 0
        while at < len(line):
            style, end = line[at][1], at
            while end < len(line) and line[end][1] == style:
                end += 1
            fore, back = style.get("fg", FORE), style.get("bg")
            if style.get(7):
                fore, back = back or BACK, fore
            x, base = PAD + at * CELL_W, PAD + top + y * CELL_H
            if back:
                out.append('<rect x="%g" y="%g" width="%g" height="%g" fill="%s"/>' % (x, base, (end - at) * CELL_W, CELL_H, back))
            text = "".join(c for c, _ in line[at:end])
            if text.strip():
                more = ' font-weight="bold"' if style.get(1) else ""
                more += ' opacity="0.65"' if style.get(2) else ""
                more += ' text-decoration="underline"' if style.get(4) else ""
                out.append('<text x="%g" y="%g" fill="%s"%s xml:space="preserve" textLength="%g">%s</text>' % (
                    x, base + 13.5, fore, more, (end - at) * CELL_W, escape(text)))
            at = end
    return "\n".join(out) + "\n</svg>\n"


sys.stdout.write(draw(screen(sys.stdin.buffer.read().decode("utf-8", "replace"))))
