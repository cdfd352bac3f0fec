import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.microsoft.azure.sdk.iot.service.auth.AuthenticationType;
import com.microsoft.azure.sdk.iot.service.configurations.Configuration;
import com.microsoft.azure.sdk.iot.service.configurations.ConfigurationContent;
import com.microsoft.azure.sdk.iot.service.configurations.ConfigurationsClient;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubBadFormatException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubConflictException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubInternalServerErrorException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubNotFoundException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubPreconditionFailedException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubServerBusyException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubTooManyRequestsException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubUnauthorizedException;
import com.microsoft.azure.sdk.iot.service.query.QueryClient;
import com.microsoft.azure.sdk.iot.service.query.QueryPageOptions;
import com.microsoft.azure.sdk.iot.service.query.RawQueryResponse;
import com.microsoft.azure.sdk.iot.service.query.TwinQueryResponse;
import com.microsoft.azure.sdk.iot.service.registry.Device;
import com.microsoft.azure.sdk.iot.service.registry.DeviceStatus;
import com.microsoft.azure.sdk.iot.service.registry.Module;
import com.microsoft.azure.sdk.iot.service.registry.RegistryClient;
import com.microsoft.azure.sdk.iot.service.registry.RegistryStatistics;
import com.microsoft.azure.sdk.iot.service.twin.DeviceCapabilities;
import com.microsoft.azure.sdk.iot.service.twin.Twin;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Registry, twins, configurations, queries and errors through the Java client, unmodified. */
final class Devices {
    private static final RegistryClient REGISTRY = new RegistryClient(Hub.CONNECTION);
    private static final com.microsoft.azure.sdk.iot.service.twin.TwinClient TWINS =
        new com.microsoft.azure.sdk.iot.service.twin.TwinClient(Hub.CONNECTION);
    private static final ConfigurationsClient CONFIGURATIONS = new ConfigurationsClient(Hub.CONNECTION);
    private static final QueryClient QUERIES = new QueryClient(Hub.CONNECTION);

    public static void main(String[] arguments) throws Exception {
        Hub.reset();
        devices();
        modules();
        twins();
        configurations();
        queries();
        errors();
    }

    private static void devices() {
        Hub.test("a device has two keys", () -> {
            Device made = REGISTRY.addDevice(new Device("java-1"));
            Hub.check(Base64.getDecoder().decode(made.getPrimaryKey()).length >= 16, "length of the key");
            Hub.check(!made.getPrimaryKey().equals(made.getSecondaryKey()), "the two keys differ");
            Hub.equal(made.getConnectionState().toString(), "Disconnected");
            Hub.check(!made.getGenerationId().isEmpty(), "generation id");
        });
        Hub.test("every kind of authentication is kept", () -> {
            Device signed = new Device("java-x509", AuthenticationType.SELF_SIGNED);
            String thumbprint = "A".repeat(40);
            signed.setThumbprint(thumbprint, thumbprint);
            Hub.equal(REGISTRY.addDevice(signed).getPrimaryThumbprint(), thumbprint);
            Hub.equal(REGISTRY.getDevice("java-x509").getAuthenticationType(), AuthenticationType.SELF_SIGNED);
            REGISTRY.addDevice(new Device("java-ca", AuthenticationType.CERTIFICATE_AUTHORITY));
            Hub.equal(REGISTRY.getDevice("java-ca").getAuthenticationType(), AuthenticationType.CERTIFICATE_AUTHORITY);
        });
        Hub.test("an edge device is the parent of another device", () -> {
            DeviceCapabilities capabilities = new DeviceCapabilities();
            capabilities.setIotEdge(true);
            Device edge = new Device("java-edge");
            edge.setCapabilities(capabilities);
            Device parent = REGISTRY.addDevice(edge);
            Hub.equal(parent.getCapabilities().isIotEdge(), true);
            Device child = new Device("java-child");
            child.setScope(parent.getScope());
            REGISTRY.addDevice(child);
            Hub.equal(REGISTRY.getDevice("java-child").getScope(), parent.getScope());
            Hub.equal(REGISTRY.getDevice("java-child").getParentScopes(), List.of(parent.getScope()));
        });
        Hub.test("a device of that name exists", () ->
            Hub.rejected(IotHubConflictException.class, "DeviceAlreadyExists", () -> REGISTRY.addDevice(new Device("java-1"))));
        Hub.test("get, update and remove", () -> {
            Device device = REGISTRY.addDevice(new Device("java-2"));
            device.setStatus(DeviceStatus.Disabled);
            Hub.equal(REGISTRY.updateDevice(device).getStatus(), DeviceStatus.Disabled);
            Device got = REGISTRY.getDevice("java-2");
            Hub.equal(got.getStatus(), DeviceStatus.Disabled);
            Hub.equal(got.getPrimaryKey(), device.getPrimaryKey());
            REGISTRY.removeDevice(got);
            Hub.rejected(IotHubNotFoundException.class, "DeviceNotFound", () -> REGISTRY.getDevice("java-2"));
        });
        Hub.test("a removal checks the etag", () -> {
            Device first = REGISTRY.addDevice(new Device("java-3"));
            REGISTRY.updateDevice(first);
            Hub.rejected(IotHubPreconditionFailedException.class, "PreconditionFailed", () -> REGISTRY.removeDevice(first));
            REGISTRY.removeDevice("java-3");
        });
        Hub.test("ids with reserved characters survive", () -> {
            // This client puts the id into the URL as it is: `#`, `?` and `%` cannot work with it.
            String name = "java-:.+_*!(),=@;$'z";
            REGISTRY.addDevice(new Device(name));
            Hub.equal(REGISTRY.getDevice(name).getDeviceId(), name);
            REGISTRY.removeDevice(name);
        });
        Hub.test("statistics", () -> {
            RegistryStatistics count = REGISTRY.getStatistics();
            // The count of enabled devices is always 0: this client reads it from `enableDeviceCount`.
            Hub.equal(List.of(count.getTotalDeviceCount(), count.getDisabledDeviceCount()), List.of(5L, 0L));
        });
    }

    private static void modules() {
        Hub.test("modules come and go", () -> {
            Module made = REGISTRY.addModule(new Module("java-1", "m1"));
            Hub.equal(made.getId(), "m1");
            Hub.check(!made.getPrimaryKey().isEmpty(), "key of the module");
            Hub.equal(REGISTRY.getModulesOnDevice("java-1").size(), 1);
            Hub.rejected(IotHubConflictException.class, "ModuleAlreadyExists", () -> REGISTRY.addModule(new Module("java-1", "m1")));
            Hub.equal(REGISTRY.updateModule(REGISTRY.getModule("java-1", "m1")).getId(), "m1");
            REGISTRY.removeModule(REGISTRY.getModule("java-1", "m1"));
            Hub.rejected(IotHubNotFoundException.class, "ModuleNotFound", () -> REGISTRY.getModule("java-1", "m1"));
        });
        Hub.test("module twins", () -> {
            REGISTRY.addModule(new Module("java-1", "m2"));
            Twin twin = new Twin("java-1", "m2");
            twin.getTags().put("site", "a");
            twin.getDesiredProperties().put("rate", "5s");
            TWINS.patch(twin);
            Twin got = TWINS.get("java-1", "m2");
            Hub.equal(got.getModuleId(), "m2");
            Hub.equal(got.getTags().get("site"), "a");
            Hub.equal(got.getDesiredProperties().get("rate"), "5s");
        });
    }

    private static void twins() {
        Hub.test("a patch merges, and null deletes", () -> {
            Twin twin = new Twin("java-1");
            twin.getTags().put("site", "north");
            twin.getTags().put("floor", "2");
            twin.getDesiredProperties().put("firmware", "1");
            Twin patched = TWINS.patch(twin);
            Hub.equal(patched.getTags().get("site"), "north");
            Twin change = new Twin("java-1");
            change.getTags().put("floor", null);
            Twin changed = TWINS.patch(change);
            Hub.equal(changed.getTags().keySet().toString(), "[site]");
            Hub.equal(changed.getDesiredProperties().get("firmware"), "1");
        });
        Hub.test("metadata, version and capabilities of a twin", () -> {
            Twin got = TWINS.get("java-1");
            Hub.equal(got.getDesiredProperties().getVersion(), 2);
            Hub.check(got.getDesiredProperties().getTwinMetadata().getLastUpdated() != null, "time of the desired properties");
            Hub.equal(got.getDesiredProperties().getTwinMetadata("firmware").getLastUpdatedVersion(), 2);
            Hub.equal(got.getCapabilities().isIotEdge(), false);
            Hub.equal(got.getConnectionState(), "DISCONNECTED");
        });
        Hub.test("a patch checks the etag", () -> {
            Twin first = TWINS.get("java-1");
            Twin change = new Twin("java-1");
            change.getTags().put("wave", 1);
            TWINS.patch(change, "\"" + first.getETag() + "\"");
            Hub.rejected(IotHubPreconditionFailedException.class, "PreconditionFailed",
                () -> TWINS.patch(change, "\"" + first.getETag() + "\""));
            TWINS.patch(change, "*");
        });
        Hub.test("a replacement leaves only what it has", () -> {
            Twin twin = new Twin("java-1");
            twin.getTags().put("only", 1);
            twin.getDesiredProperties().put("mode", "eco");
            TWINS.replace(twin);
            Twin got = TWINS.get("java-1");
            Hub.equal(got.getTags().keySet().toString(), "[only]");
            Hub.equal(got.getDesiredProperties().keySet().toString(), "[mode]");
        });
        Hub.test("a twin of an unknown device", () ->
            Hub.rejected(IotHubNotFoundException.class, "DeviceNotFound", () -> TWINS.get("java-none")));
    }

    private static void configurations() {
        Hub.test("configurations come and go", () -> {
            Configuration wanted = new Configuration("java-conf");
            ConfigurationContent content = new ConfigurationContent();
            content.setDeviceContent(new HashMap<>(Map.of("properties.desired.x", 1)));
            wanted.setContent(content);
            wanted.setTargetCondition("tags.only = 1");
            wanted.setPriority(1);
            wanted.setLabels(new HashMap<>(Map.of("team", "a")));
            Configuration made = CONFIGURATIONS.create(wanted);
            Hub.equal(made.getPriority(), 1);
            Hub.equal(made.getLabels(), Map.of("team", "a"));
            made.setPriority(9);
            Hub.equal(CONFIGURATIONS.replace(made).getPriority(), 9);
            Configuration got = CONFIGURATIONS.get("java-conf");
            Hub.equal(got.getPriority(), 9);
            Hub.equal(got.getContent().getDeviceContent().toString(), "{properties.desired.x=1}");
            Hub.equal(CONFIGURATIONS.get(10).size(), 1);
            CONFIGURATIONS.delete("java-conf");
            Hub.rejected(IotHubNotFoundException.class, "ConfigurationNotFound", () -> CONFIGURATIONS.get("java-conf"));
        });
        Hub.test("a configuration is deleted by the etag that the client read", () -> {
            Configuration wanted = new Configuration("java-etag");
            wanted.setTargetCondition("*");
            CONFIGURATIONS.create(wanted);
            CONFIGURATIONS.delete(CONFIGURATIONS.get("java-etag"));
            Hub.rejected(IotHubNotFoundException.class, "ConfigurationNotFound", () -> CONFIGURATIONS.get("java-etag"));
        });
        Hub.test("a target condition that is not one", () -> {
            Configuration wanted = new Configuration("java-bad");
            wanted.setTargetCondition("tags.only = 1 GROUP BY tags.only");
            Hub.rejected(IotHubBadFormatException.class, "InvalidConfigurationTargetCondition", () -> CONFIGURATIONS.create(wanted));
        });
        Hub.test("content is applied to an edge device", () -> {
            ConfigurationContent content = new ConfigurationContent();
            Map<String, Map<String, Object>> modules = new HashMap<>();
            modules.put("$edgeAgent", new HashMap<>(Map.of("properties.desired", Map.of("schemaVersion", "1.1"))));
            modules.put("$edgeHub", new HashMap<>(Map.of("properties.desired", Map.of("schemaVersion", "1.1"))));
            content.setModulesContent(modules);
            CONFIGURATIONS.applyConfigurationContentOnDevice("java-edge", content);
            Hub.equal(TWINS.get("java-edge", "$edgeAgent").getDesiredProperties().get("schemaVersion"), "1.1");
        });
    }

    private static void queries() {
        Hub.test("twins are queried in pages", () -> {
            for (int n = 0; n < 3; n++) {
                REGISTRY.addDevice(new Device("java-page-" + n));
            }
            QueryPageOptions one = QueryPageOptions.builder().pageSize(1).build();
            TwinQueryResponse twins = TWINS.query("SELECT * FROM devices WHERE STARTSWITH(deviceId, 'java-page-')", one);
            List<String> ids = new ArrayList<>();
            while (twins.hasNext()) {
                ids.add(twins.next(one).getDeviceId());
                Hub.check(ids.size() <= 3, "too many pages: " + ids);
            }
            Hub.equal(ids, List.of("java-page-0", "java-page-1", "java-page-2"));
        });
        Hub.test("module twins are queried", () -> {
            TwinQueryResponse twins = TWINS.query("SELECT * FROM devices.modules WHERE deviceId = 'java-1'");
            Hub.equal(twins.next().getModuleId(), "m2");
            Hub.equal(twins.hasNext(), false);
        });
        Hub.test("names with hyphens are selected and grouped", () -> {
            for (int n = 0; n < 3; n++) {
                Twin twin = new Twin("java-page-" + n);
                twin.getDesiredProperties().put("key-a1-b2", n == 0 ? "x" : "y");
                TWINS.patch(twin);
            }
            RawQueryResponse rows = QUERIES.queryRaw("SELECT properties.desired.key-a1-b2 AS key-a1-b2, COUNT() AS numberOfDevices"
                + " FROM devices WHERE is_defined(properties.desired.key-a1-b2) GROUP BY properties.desired.key-a1-b2");
            Map<String, Integer> counts = new HashMap<>();
            while (rows.hasNext()) {
                JsonObject row = new Gson().fromJson(rows.next(), JsonObject.class);
                counts.put(row.get("key-a1-b2").getAsString(), row.get("numberOfDevices").getAsInt());
            }
            Hub.equal(counts, Map.of("x", 1, "y", 2));
        });
        Hub.test("a query that is not one", () ->
            Hub.rejected(IotHubBadFormatException.class, "", () -> QUERIES.queryRaw("SELECT FROM WHERE")));
    }

    private static void errors() {
        Hub.test("each error has the exception of its status", () -> {
            rejectedWith(429, "ThrottlingException", IotHubTooManyRequestsException.class);
            rejectedWith(500, "ServerError", IotHubInternalServerErrorException.class);
            rejectedWith(503, "ServiceUnavailable", IotHubServerBusyException.class);
            rejectedWith(404, "IotHubNotFound", IotHubNotFoundException.class);
        });
        Hub.test("a wrong key", () -> {
            String key = Base64.getEncoder().encodeToString("wrong wrong wrong wrong".getBytes());
            RegistryClient wrong = new RegistryClient(Hub.CONNECTION.replaceAll("SharedAccessKey=.*", "SharedAccessKey=" + key));
            Hub.rejected(IotHubUnauthorizedException.class, "", wrong::getStatistics);
        });
    }

    private static void rejectedWith(int status, String code, Class<? extends IotHubException> kind) throws Exception {
        Map<String, Object> action = Map.of("kind", "respond", "status", status, "errorCode", code);
        Hub.admin("PUT", "/faults",
            Map.of("rules", List.of(Map.of("operation", "Devices_GetIdentity", "times", 1, "action", action))));
        Hub.rejected(kind, code, () -> REGISTRY.getDevice("java-1"));
    }

    private Devices() {}
}
