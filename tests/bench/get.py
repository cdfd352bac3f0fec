"""Reads one job again and again with the vendor's Python client and prints the microseconds of a call.

The hub and the job are named by the environment; the CA by `REQUESTS_CA_BUNDLE`, as that client wants it.
"""

import json
import os
import time

from azure.iot.hub import IoTHubJobManager

WARM = 50
CALLS = 300

jobs = IoTHubJobManager.from_connection_string(os.environ["IOTHUB_CONNECTION_STRING"])
job = os.environ["BENCH_JOB"]
for _ in range(WARM):
    jobs.get_import_export_job(job)
started = time.perf_counter()
for _ in range(CALLS):
    assert jobs.get_import_export_job(job).job_id == job
print(json.dumps({"micros": (time.perf_counter() - started) * 1e6 / CALLS}))
