"""The Python service client of this run, and what every case of it needs."""

import os
import time

import requests
from azure.iot.hub import IoTHubConfigurationManager, IoTHubJobManager, IoTHubRegistryManager
from msrest.exceptions import HttpOperationError

from python_report import equal, raises

CONNECTION = os.environ["IOTHUB_CONNECTION_STRING"]
ADMIN = os.environ["CONFORMANCE_ADMIN_ENDPOINT"]
registry = IoTHubRegistryManager.from_connection_string(CONNECTION)
jobs = IoTHubJobManager.from_connection_string(CONNECTION)
configurations = IoTHubConfigurationManager.from_connection_string(CONNECTION)


def admin(method, path, body=None):
    """The hub's own control path; the CA comes from the same variable as the client's."""
    response = requests.request(method, ADMIN + path, json=body, timeout=10)
    response.raise_for_status()
    return response


def rejected(status, call, code=None):
    """An HttpOperationError with this status and, in its header and body, this code."""
    response = raises(HttpOperationError, call).response
    equal(response.status_code, status, "status")
    if not response.reason:
        raise AssertionError("the response has no reason phrase")
    if code:
        equal(response.headers.get("iothub-errorcode"), code, "iothub-errorcode")
        message = response.json()["Message"]
        if code not in message:
            raise AssertionError(f"{code} is not in the message {message!r}")
    return response


def finished(job_id, get=None, seconds=30):
    get = get or jobs.get_import_export_job
    deadline = time.monotonic() + seconds
    while True:
        job = get(job_id)
        if job.status in ("completed", "failed", "cancelled"):
            return job
        if time.monotonic() > deadline:
            raise AssertionError(f"job {job_id} is still {job.status} after {seconds} s")
        time.sleep(0.1)


# Each program starts on an empty hub.
admin("POST", "/reset")
