"""average.py READINGS REPORT: mean of a column `kelvin`, as JSON."""
import csv
import json
import sys

with open(sys.argv[1], newline="") as readings:
    kelvin = [float(row["kelvin"]) for row in csv.DictReader(readings)]
report = {"mean": round(sum(kelvin) / len(kelvin), 2), "count": len(kelvin)}
with open(sys.argv[2], "w") as out:
    json.dump(report, out)
    out.write("\n")
