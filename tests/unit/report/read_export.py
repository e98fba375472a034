"""Reads an export back: read_export.py CSV JSON DATABASE TABLE. CSV, JSON and the view must agree."""
import csv
import json
import sqlite3
import sys

csv_path, json_path, database, table = sys.argv[1:]
views = {"environment": "environment", "progress": "progress", "harness": "harness"}
view = views.get(table, table[:-1]) + "_view"

with open(csv_path, newline="") as file:
    raw = file.read()
from_csv = list(csv.DictReader(raw.splitlines(keepends=True), strict=True))
with open(json_path) as file:
    from_json = json.load(file)
connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
connection.row_factory = sqlite3.Row
from_view = [dict(row) for row in connection.execute(f"SELECT * FROM {view}")]

assert from_view, f"{table} is empty"
assert from_json == from_view, f"{table}: JSON differs from {view}"
assert from_csv == [
    {key: "" if value is None else str(value) for key, value in row.items()} for row in from_view
], f"{table}: CSV differs from {view}"
assert raw.endswith("\r\n"), "RFC 4180 ends lines with CRLF"
