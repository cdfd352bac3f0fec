"""Both kinds of jobs, faults and authentication through the Python client, unmodified."""

import base64
import datetime
import pathlib
import tempfile

from azure.iot.hub import IoTHubJobManager
from azure.iot.hub.models import (
    AuthenticationMechanism,
    CloudToDeviceMethod,
    ExportImportDevice,
    JobProperties,
    JobRequest,
    ManagedIdentity,
    Twin,
)
from msrest.exceptions import ClientRequestError, DeserializationError

from python_hub import CONNECTION, admin, finished, jobs, rejected, registry
from python_report import case, equal, raises
from python_storage import Container

registry.bulk_create_or_update_devices([
    ExportImportDevice(id=f"py-fleet-{n}", import_mode="create", status="enabled", tags={"floor": n},
                       authentication=AuthenticationMechanism(type="sas"))
    for n in range(2)
])


# --- import and export jobs ----------------------------------------------------------------


def export_to(container, **more):
    job = jobs.create_import_export_job(
        JobProperties(type="export", output_blob_container_uri=container.uri("rwd"), **more)
    )
    return job


@case
def export_writes_every_identity():
    box = Container("py-export")
    job = export_to(box, exclude_keys_in_export=False)
    equal((job.status, job.progress, job.type), ("enqueued", 0, "export"))
    equal(job.end_time_utc, None)
    equal(box.root in job.output_blob_container_uri, True, "the create response echoes the container")
    done = finished(job.job_id)
    equal((done.status, done.progress), ("completed", 100))
    equal(done.output_blob_container_uri, "", "the later response hides the container")
    equal(done.end_time_utc >= done.start_time_utc, True, "end after start")
    rows, notices = box.rows("devices.txt")
    equal(notices, [])
    by_id = {row["id"]: row for row in rows}
    keys = by_id["py-fleet-0"]["authentication"]["symmetricKey"]
    equal(keys["primaryKey"], registry.get_device("py-fleet-0").authentication.symmetric_key.primary_key)
    equal(by_id["py-fleet-0"]["tags"], {"floor": 0})
    equal(box.kind("devices.txt"), "BlockBlob")


@case
def export_without_keys_starts_with_a_notice():
    box = Container("py-export-nokeys")
    job = export_to(box, exclude_keys_in_export=True, output_blob_name="fleet.txt")
    equal(finished(job.job_id).status, "completed")
    text = box.text("fleet.txt")
    equal(text.startswith("{"), False, "the first line is a notice")
    rows, notices = box.rows("fleet.txt")
    equal(len(notices), 1)
    equal({row["authentication"] for row in rows}, {None})


@case
def import_reports_each_bad_row():
    box = Container("py-import")
    good = {"id": "py-imp-1", "importMode": "create", "status": "enabled", "tags": {"from": "file"}}
    box.put("devices.txt", [
        good,
        {"id": "py-imp-1", "importMode": "create", "status": "enabled"},
        {"id": "py-none", "importMode": "update", "status": "enabled"},
        {"id": "py-fleet-1", "status": "disabled"},
    ])
    job = jobs.create_import_export_job(JobProperties(
        type="import", input_blob_container_uri=box.uri("r"), output_blob_container_uri=box.uri("rwd"),
        storage_authentication_type="keyBased",
    ))
    equal(job.storage_authentication_type, "keyBased")
    done = finished(job.job_id)
    equal((done.status, done.failure_reason), ("completed", None))
    equal(done.input_blob_container_uri, None, "the later response hides the input")
    rejected, _ = box.rows("importErrors.log")
    equal(sorted((row["deviceId"], row["errorCode"]) for row in rejected if row["deviceId"] == "py-none"),
          [("py-none", 404001)])
    equal(len(rejected), 2)
    equal(registry.get_twin("py-imp-1").tags, {"from": "file"})
    equal(registry.get_device("py-fleet-1").status, "disabled")


@case
def a_clean_import_leaves_an_empty_log():
    box = Container("py-import-clean")
    box.put("rows.txt", [{"id": "py-imp-2", "status": "enabled"}])
    job = jobs.create_import_export_job(JobProperties(
        type="import", input_blob_name="rows.txt",
        input_blob_container_uri=box.uri("rl"), output_blob_container_uri=box.uri("racwdl")))
    equal(finished(job.job_id).status, "completed")
    equal(box.text("importErrors.log"), "")


@case
def local_folders_are_containers():
    with tempfile.TemporaryDirectory() as folder:
        uri = pathlib.Path(folder).as_uri()
        job = jobs.create_import_export_job(JobProperties(type="export", output_blob_container_uri=uri))
        equal(finished(job.job_id).status, "completed")
        job = jobs.create_import_export_job(JobProperties(
            type="import", input_blob_container_uri=uri, output_blob_container_uri=uri))
        equal(finished(job.job_id).status, "completed")
        equal((pathlib.Path(folder) / "importErrors.log").exists(), True)


@case
def containers_are_checked_at_once():
    box = Container("py-rights")
    code = "BlobContainerValidationError"
    make = lambda **fields: lambda: jobs.create_import_export_job(JobProperties(**fields))
    for rights in ("r", "rl", "rw"):
        rejected(400, make(type="export", output_blob_container_uri=box.uri(rights)), code)
    rejected(400, make(type="export", output_blob_container_uri=box.uri("rwd", hours=-1)), code)
    rejected(400, make(type="import", input_blob_container_uri=box.uri("rl"),
                      output_blob_container_uri=box.uri("rwd")), code)


@case
def identity_based_storage_is_rejected_without_an_identity():
    rejected(400, lambda: jobs.create_import_export_job(JobProperties(
        type="export", output_blob_container_uri="https://a.blob.core.windows.net/c",
        storage_authentication_type="identityBased", identity=ManagedIdentity(user_assigned_identity="/x"))))


@case
def one_job_at_a_time_and_cancel():
    box = Container("py-quota")
    job = export_to(box)
    admin("POST", f"/jobs/{job.job_id}/hold")
    rejected(403, lambda: export_to(box), "JobQuotaExceeded")
    jobs.cancel_import_export_job(job.job_id)
    equal(finished(job.job_id).status, "cancelled")
    jobs.cancel_import_export_job(job.job_id)
    equal(jobs.get_import_export_job(job.job_id).status, "cancelled", "after a second cancel")


@case
def unknown_job_is_job_not_found():
    rejected(404, lambda: jobs.get_import_export_job("no-such-job"), "JobNotFound")
    rejected(404, lambda: jobs.cancel_import_export_job("no-such-job"), "JobNotFound")


@case
def jobs_are_listed_newest_and_all():
    listed = jobs.get_import_export_jobs()
    equal({job.type for job in listed}, {"import", "export"})
    equal(len({job.job_id for job in listed}), len(listed), "distinct ids")


# --- scheduled jobs ------------------------------------------------------------------------


@case
def scheduled_twin_update_reaches_the_devices():
    request = JobRequest(
        job_id="py-twins", type="scheduleUpdateTwin", query_condition="STARTS_WITH(deviceId, 'py-fleet-')",
        update_twin=Twin(etag="*", tags={"wave": 2}), max_execution_time_in_seconds=60,
    )
    made = jobs.create_scheduled_job("py-twins", request)
    equal((made.job_id, made.type, made.status), ("py-twins", "scheduleUpdateTwin", "queued"))
    done = finished("py-twins", jobs.get_scheduled_job)
    count = done.device_job_statistics
    equal((done.status, count.device_count, count.succeeded_count, count.failed_count), ("completed", 2, 2, 0))
    equal(registry.get_twin("py-fleet-1").tags["wave"], 2)
    rejected(409, lambda: jobs.create_scheduled_job("py-twins", request), "JobAlreadyExists")
    rejected(405, lambda: jobs.cancel_scheduled_job("py-twins"), "OperationNotAllowedInCurrentState")


@case
def scheduled_method_finds_no_connected_device():
    jobs.create_scheduled_job("py-method", JobRequest(
        job_id="py-method", type="scheduleDeviceMethod", query_condition="deviceId = 'py-fleet-0'",
        cloud_to_device_method=CloudToDeviceMethod(
            method_name="reboot", payload={"in": 5}, response_timeout_in_seconds=30)))
    done = finished("py-method", jobs.get_scheduled_job)
    count = done.device_job_statistics
    equal((done.status, count.device_count, count.failed_count), ("completed", 1, 1))
    equal(bytes(done.cloud_to_device_method.payload), b'{"in":5}', "payload as bytes")


@case
def scheduled_job_waits_and_is_cancelled():
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    request = JobRequest(job_id="py-later", type="scheduleUpdateTwin", query_condition="*", start_time=start,
                         update_twin=Twin(etag="*", tags={"late": 1}))
    jobs.create_scheduled_job("py-later", request)
    other = JobRequest(job_id="py-second", type="scheduleUpdateTwin", query_condition="*",
                       update_twin=Twin(etag="*", tags={"x": 1}))
    rejected(429, lambda: jobs.create_scheduled_job("py-second", other), "ThrottlingMaxActiveJobCountExceeded")
    equal(jobs.cancel_scheduled_job("py-later").status, "cancelled")
    equal(jobs.get_scheduled_job("py-later").status, "cancelled")
    rejected(404, lambda: jobs.cancel_scheduled_job("py-absent"), "JobNotFound")


@case
def scheduled_get_of_an_unknown_id_is_unknown():
    response = jobs.get_scheduled_job("py-absent")
    equal((response.status, response.type), ("unknown", "unknown"))


@case
def scheduled_query_is_an_array_this_client_cannot_read():
    # The service returns an array; this client wants an object (the two other clients read the array).
    raises(DeserializationError, lambda: jobs.query_scheduled_jobs("scheduleUpdateTwin", "completed"))


# --- faults and authentication -------------------------------------------------------------


def respond(status, code, times, **more):
    action = {"kind": "respond", "status": status, "errorCode": code, **more}
    admin("PUT", "/faults", {"rules": [{"operation": "Jobs_GetImportExportJobs", "times": times, "action": action}]})


@case
def throttled_call_is_repeated_only_with_retry_after():
    respond(429, "ThrottlingException", 1, retryAfter="1")
    jobs.get_import_export_jobs()
    respond(429, "ThrottlingException", 1)
    rejected(429, jobs.get_import_export_jobs, "ThrottlingException")


@case
def a_busy_hub_is_tried_again_and_given_up():
    respond(503, "ServiceUnavailable", 2)
    jobs.get_import_export_jobs()
    respond(503, "ServiceUnavailable", 9)
    raises(ClientRequestError, jobs.get_import_export_jobs)
    admin("PUT", "/faults", {"rules": []})


@case
def a_lost_answer_of_a_device_create_shows_as_conflict():
    admin("PUT", "/faults", {"rules": [{"operation": "Devices_CreateOrUpdateIdentity", "times": 1,
                                        "action": {"kind": "cut", "when": "afterWork"}}]})
    rejected(409, lambda: registry.create_device_with_sas("py-lost", "", "", "enabled"), "DeviceAlreadyExists")


@case
def a_wrong_key_is_401():
    parts = dict(part.split("=", 1) for part in CONNECTION.split(";"))
    parts["SharedAccessKey"] = base64.b64encode(b"not the key of this hub at all!!").decode()
    wrong = IoTHubJobManager.from_connection_string(";".join(f"{k}={v}" for k, v in parts.items()))
    rejected(401, wrong.get_import_export_jobs)
