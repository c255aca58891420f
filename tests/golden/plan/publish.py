"""publish.py REPORT PAGE: a page that tells the mean."""
import json
import sys

with open(sys.argv[1]) as report:
    values = json.load(report)
with open(sys.argv[2], "w") as page:
    page.write("<!doctype html>\n<title>Monthly mean</title>\n"
               f"<p>{values['count']} readings, mean {values['mean']:.2f} K</p>\n")
