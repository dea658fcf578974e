"""The load measurements: `make bench`, or `python -m tests.bench [webhook latency hub memory burst]`.

Each bench runs three times on real, private servers and prints the median and the spread of what it found, beside its
peer in the same run where it has one. A target that was missed is printed as MISS; nothing is asserted here.
"""
