import com.google.gson.JsonObject;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubBadFormatException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubNotFoundException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubTooManyDevicesException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubTooManyRequestsException;
import com.microsoft.azure.sdk.iot.service.jobs.DirectMethodsJobOptions;
import com.microsoft.azure.sdk.iot.service.jobs.ScheduledJob;
import com.microsoft.azure.sdk.iot.service.jobs.ScheduledJobStatus;
import com.microsoft.azure.sdk.iot.service.jobs.ScheduledJobType;
import com.microsoft.azure.sdk.iot.service.jobs.ScheduledJobsClient;
import com.microsoft.azure.sdk.iot.service.query.JobQueryResponse;
import com.microsoft.azure.sdk.iot.service.query.QueryPageOptions;
import com.microsoft.azure.sdk.iot.service.registry.Device;
import com.microsoft.azure.sdk.iot.service.registry.DeviceStatus;
import com.microsoft.azure.sdk.iot.service.registry.RegistryClient;
import com.microsoft.azure.sdk.iot.service.registry.RegistryJob;
import com.microsoft.azure.sdk.iot.service.registry.StorageAuthenticationType;
import com.microsoft.azure.sdk.iot.service.twin.Twin;
import com.microsoft.azure.sdk.iot.service.twin.TwinClient;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** Both kinds of jobs through the Java client, unmodified. It can neither list nor cancel import and export jobs. */
final class Jobs {
    private static final RegistryClient REGISTRY = new RegistryClient(Hub.CONNECTION);
    private static final ScheduledJobsClient JOBS = new ScheduledJobsClient(Hub.CONNECTION);
    private static final TwinClient TWINS = new TwinClient(Hub.CONNECTION);

    interface Poll<T> {
        T fetch() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        Hub.reset();
        for (int n = 0; n < 2; n++) {
            REGISTRY.addDevice(new Device("java-fleet-" + n));
        }
        exports();
        imports();
        rejections();
        scheduled();
        scheduledQueries();
    }

    private static RegistryJob finished(RegistryJob job) throws Exception {
        for (int n = 0; n < 300; n++) {
            RegistryJob got = REGISTRY.getJob(job.getJobId());
            if (!List.of("ENQUEUED", "RUNNING").contains(got.getStatus().toString())) {
                return got;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("the job is not finished");
    }

    private static ScheduledJob finished(String id) throws Exception {
        for (int n = 0; n < 300; n++) {
            ScheduledJob got = JOBS.get(id);
            if (List.of("completed", "failed", "cancelled").contains(got.getJobStatus().toString())) {
                return got;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("the scheduled job is not finished");
    }

    private static void exports() {
        Hub.test("export with keys", () -> {
            Container box = new Container("java-export");
            RegistryJob job = REGISTRY.exportDevices(box.uri("rwd"), false);
            Hub.equal(job.getType(), RegistryJob.JobType.EXPORT);
            Hub.equal(job.getStatus(), RegistryJob.JobStatus.ENQUEUED);
            Hub.equal(job.getExcludeKeysInExport(), false);
            RegistryJob done = finished(job);
            Hub.equal(done.getStatus(), RegistryJob.JobStatus.COMPLETED);
            Hub.equal(done.getProgress(), 100);
            Hub.check(!done.getEndTimeUtc().before(done.getStartTimeUtc()), "end after start");
            JsonObject keys = box.rows("devices.txt").get(0).getAsJsonObject("authentication").getAsJsonObject("symmetricKey");
            Hub.equal(keys.get("primaryKey").getAsString(), REGISTRY.getDevice("java-fleet-0").getPrimaryKey());
        });
        Hub.test("export without keys", () -> {
            Container box = new Container("java-export-nokeys");
            RegistryJob wanted = RegistryJob.createForExportJob(box.uri("rwd"), true, StorageAuthenticationType.KEY);
            RegistryJob job = REGISTRY.exportDevices(wanted);
            Hub.equal(job.getStorageAuthenticationType(), StorageAuthenticationType.KEY);
            Hub.equal(finished(job).getStatus(), RegistryJob.JobStatus.COMPLETED);
            Hub.check(box.rows("devices.txt").stream().allMatch(row -> row.get("authentication").isJsonNull()), "no keys");
        });
    }

    private static void imports() {
        Hub.test("import with a bad row completes and logs it", () -> {
            Container box = new Container("java-import");
            box.put("devices.txt",
                Map.of("id", "java-imp-1", "importMode", "create", "status", "enabled", "tags", Map.of("from", "file")),
                Map.of("id", "java-absent", "importMode", "delete", "status", "enabled"));
            RegistryJob job = REGISTRY.importDevices(box.uri("r"), box.uri("rwd"));
            Hub.equal(job.getType(), RegistryJob.JobType.IMPORT);
            RegistryJob done = finished(job);
            Hub.equal(done.getStatus(), RegistryJob.JobStatus.COMPLETED);
            Hub.equal(done.getFailureReason(), null);
            List<JsonObject> log = box.rows("importErrors.log");
            Hub.equal(log.size(), 1);
            Hub.equal(log.get(0).get("errorCode").getAsInt(), 404001);
            Hub.equal(TWINS.get("java-imp-1").getTags().get("from"), "file");
        });
        Hub.test("import of a job with all settings", () -> {
            Container box = new Container("java-import-settings");
            box.put("devices.txt", Map.of("id", "java-imp-2", "status", "disabled"));
            RegistryJob wanted = RegistryJob.createForImportJob(box.uri("rl"), box.uri("rwd"), StorageAuthenticationType.KEY);
            Hub.equal(finished(REGISTRY.importDevices(wanted)).getStatus(), RegistryJob.JobStatus.COMPLETED);
            Hub.equal(REGISTRY.getDevice("java-imp-2").getStatus(), DeviceStatus.Disabled);
        });
    }

    private static void rejections() {
        Hub.test("a container without rights", () -> {
            Container box = new Container("java-rights");
            Hub.rejected(IotHubBadFormatException.class, "BlobContainerValidationError", () -> REGISTRY.exportDevices(box.uri("r"), false));
        });
        Hub.test("identity-based storage without an identity", () -> {
            RegistryJob wanted = RegistryJob.createForExportJob("https://a.blob.core.windows.net/c", false, StorageAuthenticationType.IDENTITY);
            Hub.rejected(IotHubBadFormatException.class, "", () -> REGISTRY.exportDevices(wanted));
        });
        Hub.test("one job at a time is IotHubTooManyDevicesException in this client", () -> {
            Container box = new Container("java-quota");
            RegistryJob job = REGISTRY.exportDevices(box.uri("rwd"), true);
            Hub.admin("POST", "/jobs/" + job.getJobId() + "/hold", null);
            Hub.rejected(IotHubTooManyDevicesException.class, "JobQuotaExceeded", () -> REGISTRY.exportDevices(box.uri("rwd"), true));
            Hub.admin("POST", "/jobs/" + job.getJobId() + "/finish", null);
            Hub.equal(finished(job).getStatus(), RegistryJob.JobStatus.COMPLETED);
        });
        Hub.test("an unknown job", () ->
            Hub.rejected(IotHubNotFoundException.class, "JobNotFound", () -> REGISTRY.getJob("no-such-job")));
    }

    private static Twin tagged(String tag, Object value) {
        Twin twin = new Twin();
        twin.getTags().put(tag, value);
        return twin;
    }

    private static void scheduled() {
        Hub.test("a scheduled twin update reaches the devices", () -> {
            ScheduledJob made = JOBS.scheduleUpdateTwin("java-Twins", "STARTSWITH(deviceId, 'java-fleet-')", tagged("wave", "third"), new Date(), 60);
            Hub.equal(made.getJobType(), ScheduledJobType.scheduleUpdateTwin);
            Hub.equal(made.getJobStatus(), ScheduledJobStatus.queued);
            ScheduledJob done = finished("java-Twins");
            Hub.equal(done.getJobStatus(), ScheduledJobStatus.completed);
            Hub.equal(done.getJobStatistics().getDeviceCount(), 2);
            Hub.equal(done.getJobStatistics().getSucceededCount(), 2);
            Hub.equal(done.getUpdateTwin().getTags().get("wave"), "third");
            Hub.check(done.getCreatedTime() != null && done.getStartTime() != null && done.getEndTime() != null, "times");
            Hub.equal(TWINS.get("java-fleet-1").getTags().get("wave"), "third");
        });
        Hub.test("a scheduled method, no device connected", () -> {
            DirectMethodsJobOptions options = DirectMethodsJobOptions.builder()
                .payload(Map.of("a", 1)).methodResponseTimeoutSeconds(30).methodConnectTimeoutSeconds(5).maxExecutionTimeSeconds(60).build();
            JOBS.scheduleDirectMethod("java-method", "deviceId = 'java-fleet-0'", "reboot", new Date(), options);
            ScheduledJob done = finished("java-method");
            Hub.equal(done.getJobStatus(), ScheduledJobStatus.completed);
            Hub.equal(done.getJobStatistics().getFailedCount(), 1);
            Hub.check(done.getCloudToDeviceMethod().contains("reboot"), done.getCloudToDeviceMethod());
        });
        Hub.test("a scheduled job is cancelled, and another must wait until then", () -> {
            Date later = new Date(System.currentTimeMillis() + 7_200_000);
            JOBS.scheduleUpdateTwin("java-later", "*", tagged("late", 1), later, 60);
            Hub.rejected(IotHubTooManyRequestsException.class, "ThrottlingMaxActiveJobCountExceeded",
                () -> JOBS.scheduleUpdateTwin("java-other", "*", tagged("late", 2), new Date(), 60));
            Hub.equal(JOBS.cancel("java-later").getJobStatus(), ScheduledJobStatus.cancelled);
            Hub.equal(JOBS.get("java-later").getJobStatus(), ScheduledJobStatus.cancelled);
        });
        Hub.test("an unknown scheduled job reads as unknown", () -> {
            ScheduledJob job = JOBS.get("java-nothing");
            Hub.equal(job.getJobStatus(), ScheduledJobStatus.unknown);
            Hub.equal(job.getJobType(), ScheduledJobType.unknown);
        });
    }

    private static void scheduledQueries() {
        Hub.test("scheduled jobs are queried by type and status, in pages", () -> {
            QueryPageOptions one = QueryPageOptions.builder().pageSize(1).build();
            List<String> ids = new ArrayList<>();
            JobQueryResponse jobs = JOBS.query(ScheduledJobType.scheduleUpdateTwin, null, one);
            while (jobs.hasNext()) {
                ids.add(jobs.next(one).getJobId());
                Hub.check(ids.size() <= 2, "too many pages: " + ids);
            }
            Hub.check(ids.containsAll(List.of("java-Twins", "java-later")), "got " + ids);
            JobQueryResponse cancelled = JOBS.query(ScheduledJobType.scheduleUpdateTwin, ScheduledJobStatus.cancelled);
            Hub.equal(cancelled.next().getJobId(), "java-later");
            Hub.equal(cancelled.hasNext(), false);
        });
        Hub.test("scheduled jobs are queried in SQL, a row for each device", () -> {
            JobQueryResponse jobs = JOBS.query("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'java-Twins'");
            List<String> devices = new ArrayList<>();
            while (jobs.hasNext()) {
                devices.add(jobs.next().getDeviceId());
            }
            Hub.equal(devices.size(), 2);
        });
    }

    private Jobs() {}
}
