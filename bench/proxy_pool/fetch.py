"""Prints what is at a URL.

fetch.py URL
"""

import sys

import requests

answer = requests.get(sys.argv[1], timeout=60)
answer.raise_for_status()
print(answer.text, end="")
