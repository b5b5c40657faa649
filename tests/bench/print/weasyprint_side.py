"""Sets and draws HTML by WeasyPrint, again and again: weasyprint_side.py HTML STYLE SECONDS OUT

Says, as a line of JSON, how many documents it made, the processor time that it took, and the greatest memory of the process.
Importing, the style sheet with its face, and the first document are not timed.
"""

import json
import resource
import sys
import time

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration


def main():
    """Reads what is to be drawn, and draws."""
    html, style, seconds, out = sys.argv[1:]
    with open(html, encoding="utf-8") as file:
        text = file.read()
    fonts = FontConfiguration()
    style = CSS(filename=style, font_config=fonts)

    def draw():
        return HTML(string=text).write_pdf(stylesheets=[style], font_config=fonts)

    pdf = draw()
    with open(out, "wb") as file:
        file.write(pdf)

    documents, began, processor = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began < float(seconds):
        draw()
        documents += 1
    processor = time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"documents": documents, "seconds": processor, "peak_kib": peak}))


main()
