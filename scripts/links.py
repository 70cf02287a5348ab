#!/usr/bin/env python3
"""Fails if a Markdown page of this repository links to a file that is not there."""
import os
import re
import subprocess
import sys

pages = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True).stdout.split()
broken = []
for page in pages:
    with open(page, encoding="utf-8") as file:
        text = re.sub(r"```.*?```", "", file.read(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path = target.split("#")[0]
        if not path or "://" in path or path.startswith("mailto:"):
            continue
        if not os.path.exists(os.path.join(os.path.dirname(page), path)):
            broken.append(f"{page}: {target}")
print("\n".join(broken) or f"links of {len(pages)} pages lead somewhere")
sys.exit(bool(broken))
