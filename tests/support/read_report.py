#!/usr/bin/env python3
"""Reads CTest's JUnit report: prints "passed<TAB>COUNT", and a line for each failed or skipped test
with its name and, where it was skipped, why."""
import re
import sys
import xml.etree.ElementTree as ET


def reason(case):
    output = case.findtext("system-out") or ""
    told = re.search(r"SKIP:?\s*(.*)", output)
    return told.group(1).strip() if told and told.group(1).strip() else "it gave no reason"


def main():
    passed = 0
    for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
        name = case.get("name")
        state = case.get("status")
        if state == "run":
            passed += 1
        elif state in ("notrun", "disabled"):
            print(f"skipped\t{name}\t{reason(case)}")
        else:
            print(f"failed\t{name}\t")
    print(f"passed\t{passed}\t")


if __name__ == "__main__":
    main()
