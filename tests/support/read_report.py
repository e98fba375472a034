#!/usr/bin/env python3
"""Reads CTest's JUnit report. Prints "passed<TAB>COUNT", and a line for each test that failed or was
skipped, with its name and why. A test that ran may have skipped a part of itself: it says so in a
line that begins with SKIP."""
import re
import sys
import xml.etree.ElementTree as ET

SKIP_LINE = re.compile(r"^SKIP:?\s*(.*)$", re.MULTILINE)


def main():
    passed = 0
    for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
        name = case.get("name")
        reasons = SKIP_LINE.findall(case.findtext("system-out") or "")
        skipped = case.find("skipped")
        if case.get("status") == "run":
            passed += 1
        elif skipped is not None and skipped.get("message", "").startswith("SKIP_RETURN_CODE"):
            reasons = reasons or ["it gave no reason"]
        else:
            print(f"failed\t{name}\t{'' if skipped is None else skipped.get('message')}")
            continue
        for reason in dict.fromkeys(reasons):
            print(f"skipped\t{name}\t{reason}")
    print(f"passed\t{passed}\t")


if __name__ == "__main__":
    main()
