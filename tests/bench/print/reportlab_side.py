"""Draws a display list by ReportLab, again and again: reportlab_side.py pure|accelerated DISPLAY_LIST FACE SECONDS OUT

Pure is ReportLab as it is installed by its name; accelerated, with the C code of the package rl_accel.

Says, as a line of JSON, how many documents it made, the processor time that it took, and the greatest memory of the process.
Importing and reading the face are not timed.
"""

import io
import json
import resource
import sys
import time

PURE = sys.argv[1] == "pure"
if PURE:
    # As if the package were not there.
    sys.modules["_rl_accel"] = None

from reportlab.lib import rl_accel
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas


def draw(given):
    """One document."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=given["size"], invariant=1, pageCompression=1)
    canvas.setTitle(given["title"])
    canvas.setAuthor(given["author"])
    canvas.setCreator("Shinsei")
    bookmarks = {}
    for title, page in given["bookmarks"]:
        bookmarks.setdefault(page, []).append(title)
    for number, marks in enumerate(given["pages"]):
        for title in bookmarks.get(number, []):
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title)
        canvas.setLineCap(2)
        size = width = None
        ground = False
        for mark in marks:
            kind = mark[0]
            if kind == "text":
                _, x, y, wanted, text = mark
                if ground:
                    canvas.setFillGray(0)
                    ground = False
                if wanted != size:
                    canvas.setFont("Face", wanted)
                    size = wanted
                canvas.drawString(x, y, text)
            elif kind == "line":
                _, wanted, points = mark
                if wanted != width:
                    canvas.setLineWidth(wanted)
                    width = wanted
                if len(points) == 2:
                    canvas.line(*points[0], *points[1])
                else:
                    path = canvas.beginPath()
                    path.moveTo(*points[0])
                    for point in points[1:]:
                        path.lineTo(*point)
                    canvas.drawPath(path)
            else:
                _, x, y, wide, high = mark
                if not ground:
                    canvas.setFillGray(0.94)
                    ground = True
                canvas.rect(x, y, wide, high, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def main():
    """Reads what is to be drawn, and draws."""
    _, display_list, face, seconds, out = sys.argv[1:]
    if (rl_accel.fp_str.__module__ == "reportlab.lib.rl_accel") != PURE:
        sys.exit("reportlab_side.py: not the innermost loops that were asked for")
    pdfmetrics.registerFont(TTFont("Face", face))
    with open(display_list, encoding="utf-8") as file:
        given = json.load(file)
    pdf = draw(given)
    with open(out, "wb") as file:
        file.write(pdf)

    documents, began, processor = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began < float(seconds):
        draw(given)
        documents += 1
    processor = time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"documents": documents, "seconds": processor, "peak_kib": peak}))


main()
