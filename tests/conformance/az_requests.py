"""The requests that `az iot hub` makes, replayed from a record of them.

The extension that makes them is published in no package registry, so this is not that client: it is the same HTTP
library, sending what was recorded of it (api-version, Content-Type on every request, percent-encoded `sr` with a short
life, job look-up in two steps) and checking in the responses what it checks.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import uuid
from urllib.parse import quote, quote_plus

import requests

from python_hub import admin
from python_report import case, equal
from python_storage import Container

parts = dict(part.split("=", 1) for part in os.environ["IOTHUB_CONNECTION_STRING"].split(";"))
session = requests.Session()


def token(seconds=600):
    resource, expiry = quote_plus(parts["HostName"]), str(int(time.time()) + seconds)
    signed = hmac.new(base64.b64decode(parts["SharedAccessKey"]), f"{resource}\n{expiry}".encode(), hashlib.sha256)
    signature = quote_plus(base64.b64encode(signed.digest()))
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={parts['SharedAccessKeyName']}"


def ask(method, path, body=None, query=None, **headers):
    return session.request(
        method,
        f"https://{parts['HostName']}{path}",
        params={"api-version": "2024-03-31", **(query or {})},
        data=json.dumps(body) if body is not None else None,
        headers={
            "Authorization": token(),
            "Accept": "application/json",
            "Content-Type": "application/json; charset=utf-8",
            "accept-language": "en-US",
            "x-ms-client-request-id": str(uuid.uuid1()),
            "User-Agent": "python/3.11 IoTPlatformCliExtension/0.25.0",
            **headers,
        },
        timeout=30,
    )


def good(response):
    equal(response.status_code, 200, response.text)
    return response.json()


def show_job(job_id):
    """`job show` asks for a scheduled job first and turns to the other kind on `unknown` alone."""
    job = good(ask("GET", f"/jobs/v2/{job_id}"))
    return good(ask("GET", f"/jobs/{job_id}")) if job["status"] == "unknown" else job


@case
def a_device_with_an_empty_key_object_is_created():
    body = {"deviceId": "az-1", "status": "enabled", "authentication": {"type": "sas", "symmetricKey": {}},
            "capabilities": {"iotEdge": False}}
    made = good(ask("PUT", "/devices/az-1", body))
    equal(bool(made["authentication"]["symmetricKey"]["primaryKey"]), True)
    updated = good(ask("PUT", "/devices/az-1", {**made, "status": "disabled"}, **{"If-Match": f'"{made["etag"]}"'}))
    equal(updated["status"], "disabled")


@case
def the_device_list_is_a_query_in_lower_case_with_pages_of_1000():
    response = ask("POST", "/devices/query", {"query": "select * from devices"}, **{"x-ms-max-item-count": "1000"})
    equal([twin["deviceId"] for twin in good(response)], ["az-1"])
    equal("x-ms-continuation" in response.headers, False)


@case
def an_export_job_is_found_in_two_steps():
    box = Container("az-export")
    job = good(ask("POST", "/jobs/create", {
        "type": "export", "outputBlobContainerUri": box.uri("racwdl"), "excludeKeysInExport": True,
        "storageAuthenticationType": "keyBased"}))
    equal(job["storageAuthenticationType"], "keyBased")
    deadline = time.monotonic() + 30
    while (seen := show_job(job["jobId"]))["status"] != "completed":
        equal(time.monotonic() < deadline, True, f"still {seen['status']}")
        time.sleep(0.1)
    equal(seen["type"], "export")


@case
def an_active_job_is_cancelled_by_its_type():
    box = Container("az-cancel")
    job = good(ask("POST", "/jobs/create", {"type": "export", "outputBlobContainerUri": box.uri("racwdl"),
                                            "storageAuthenticationType": "keyBased"}))
    admin("POST", f"/jobs/{job['jobId']}/hold")
    equal(show_job(job["jobId"])["type"], "export")
    equal(ask("DELETE", f"/jobs/{job['jobId']}").status_code in (200, 204), True)
    equal(show_job(job["jobId"])["status"], "cancelled")


@case
def the_job_list_joins_two_kinds_that_do_not_overlap():
    body = {"jobId": "az-twins", "type": "scheduleUpdateTwin", "queryCondition": "deviceId = 'az-1'",
            "updateTwin": {"etag": "*", "tags": {"by": "az"}}, "maxExecutionTimeInSeconds": 3600}
    equal(good(ask("PUT", "/jobs/v2/az-twins", body))["status"], "queued")
    scheduled = good(ask("GET", "/jobs/v2/query", **{"x-ms-max-item-count": "100"}))
    other = good(ask("GET", "/jobs"))
    equal("az-twins" in [job["jobId"] for job in scheduled], True)
    equal({job["jobId"] for job in scheduled} & {job["jobId"] for job in other}, set())


@case
def an_unknown_job_is_a_404_whose_body_can_be_shown():
    equal(good(ask("GET", "/jobs/v2/az-none"))["status"], "unknown")
    response = ask("GET", "/jobs/az-none")
    equal((response.status_code, "JobNotFound" in response.json()["Message"]), (404, True))


@case
def a_module_id_with_odd_characters_stays_in_its_segment():
    made = good(ask("PUT", f"/devices/az-1/modules/{quote('m:1%2', safe='')}", {"deviceId": "az-1", "moduleId": "m:1%2"}))
    equal(made["moduleId"], "m:1%2")


@case
def an_expired_token_is_rejected():
    response = ask("GET", "/jobs", Authorization=token(seconds=-3600))
    equal((response.status_code, response.headers["iothub-errorcode"]), (401, "IotHubUnauthorizedAccess"))
