"""Registry, twins, configurations and queries through the Python client, unmodified."""

import base64

from azure.iot.hub.models import (
    AuthenticationMechanism,
    Configuration,
    ConfigurationContent,
    ExportImportDevice,
    QuerySpecification,
    Twin,
    TwinProperties,
)

from python_hub import configurations, rejected, registry
from python_report import case, equal

# --- devices, modules, twins ---------------------------------------------------------------


@case
def device_keys_are_generated_when_empty():
    made = registry.create_device_with_sas("py-1", "", "", "enabled")
    keys = made.authentication.symmetric_key
    equal(len(base64.b64decode(keys.primary_key)) >= 16, True, "primary key length")
    equal(keys.primary_key != keys.secondary_key, True, "the two keys differ")
    equal(made.device_id, "py-1")
    equal(made.connection_state.lower(), "disconnected")


@case
def device_kinds_are_kept():
    thumb = "A" * 40
    x509 = registry.create_device_with_x509("py-x509", thumb, thumb, "disabled", status_reason="spare")
    equal(x509.authentication.x509_thumbprint.primary_thumbprint, thumb)
    equal((x509.status, x509.status_reason), ("disabled", "spare"))
    ca = registry.create_device_with_certificate_authority("py-ca", "enabled")
    equal(ca.authentication.type, "certificateAuthority")
    edge = registry.create_device_with_sas("py-edge", "", "", "enabled", iot_edge=True)
    equal(edge.capabilities.iot_edge, True)
    child = registry.create_device_with_sas("py-child", "", "", "enabled", device_scope=edge.device_scope)
    equal(child.device_scope, edge.device_scope, "scope of the child")


@case
def second_create_conflicts():
    rejected(409, lambda: registry.create_device_with_sas("py-1", "", "", "enabled"), "DeviceAlreadyExists")


@case
def update_checks_the_etag():
    device = registry.get_device("py-1")
    keys = device.authentication.symmetric_key
    update = lambda etag: registry.update_device_with_sas(
        "py-1", etag, keys.primary_key, keys.secondary_key, "disabled"
    )
    equal(update(device.etag).status, "disabled")
    rejected(412, lambda: update(device.etag), "PreconditionFailed")
    equal(update("*").status, "disabled")


@case
def every_character_of_an_id_survives_the_path():
    name = "py-:.+%_#*?!(),=@;$'z"
    registry.create_device_with_sas(name, "", "", "enabled")
    equal(registry.get_device(name).device_id, name)
    registry.delete_device(name)
    rejected(404, lambda: registry.get_device(name), "DeviceNotFound")


@case
def devices_are_listed():
    ids = [device.device_id for device in registry.get_devices()]
    equal("py-1" in ids and "py-edge" in ids, True, "ids listed")
    equal(len(registry.get_devices(1)), 1, "top=1")


@case
def modules_come_and_go():
    made = registry.create_module_with_sas("py-1", "m1", "operator", "", "")
    equal(made.module_id, "m1")
    equal([m.module_id for m in registry.get_modules("py-1")], ["m1"])
    twin = registry.update_module_twin("py-1", "m1", Twin(tags={"site": "a"}))
    equal(twin.tags, {"site": "a"})
    equal(registry.get_module("py-1", "m1").managed_by, "operator")
    registry.delete_module("py-1", "m1")
    rejected(404, lambda: registry.get_module("py-1", "m1"), "ModuleNotFound")


@case
def twin_patch_merges_and_null_deletes():
    first = registry.update_twin(
        "py-1", Twin(tags={"a": 1, "b": {"c": True}}, properties=TwinProperties(desired={"fw": "1"}))
    )
    equal(first.tags, {"a": 1, "b": {"c": True}})
    second = registry.update_twin("py-1", Twin(tags={"a": None, "b": {"d": "x"}}), first.etag)
    equal(second.tags, {"b": {"c": True, "d": "x"}})
    equal(second.properties.desired["fw"], "1")
    rejected(412, lambda: registry.update_twin("py-1", Twin(tags={"z": 1}), first.etag))
    third = registry.replace_twin("py-1", Twin(tags={"only": 1}))
    equal(third.tags, {"only": 1})
    equal(registry.get_twin("py-1").tags, {"only": 1})


@case
def unknown_device_is_device_not_found():
    rejected(404, lambda: registry.get_device("py-none"), "DeviceNotFound")
    rejected(404, lambda: registry.get_twin("py-none"), "DeviceNotFound")


@case
def statistics_count_devices():
    count = registry.get_device_registry_statistics()
    equal(count.total_device_count, count.enabled_device_count + count.disabled_device_count)
    equal(count.disabled_device_count >= 2, True, "py-1 and py-x509 are disabled")
    equal(registry.get_service_statistics().connected_device_count, 0)


@case
def bulk_modes_and_failures():
    rows = [
        ExportImportDevice(id=f"py-bulk-{n}", import_mode="create", status="enabled",
                           authentication=AuthenticationMechanism(type="sas"))
        for n in range(3)
    ]
    equal(registry.bulk_create_or_update_devices(rows).is_successful, True)
    again = registry.bulk_create_or_update_devices(rows[:1])
    equal(again.is_successful, False, "a second create")
    equal(again.errors[0].device_id, "py-bulk-0")
    gone = [ExportImportDevice(id="py-bulk-2", import_mode="delete", status="enabled")]
    equal(registry.bulk_create_or_update_devices(gone).is_successful, True)
    rejected(404, lambda: registry.get_device("py-bulk-2"))


@case
def configuration_life():
    content = ConfigurationContent(device_content={"properties.desired.x": 1})
    made = configurations.create_configuration(
        Configuration(id="py-conf", schema_version="1.0", content=content,
                      target_condition="tags.site='a'", priority=3)
    )
    equal((made.id, made.priority), ("py-conf", 3))
    made.priority = 5
    equal(configurations.update_configuration(made, f'"{made.etag}"').priority, 5)
    equal([c.id for c in configurations.get_configurations()], ["py-conf"])
    configurations.delete_configuration("py-conf")
    rejected(404, lambda: configurations.get_configuration("py-conf"), "ConfigurationNotFound")


# --- query ---------------------------------------------------------------------------------


@case
def query_pages_by_token():
    ask = QuerySpecification(query="SELECT * FROM devices WHERE STARTS_WITH(deviceId, 'py-bulk-')")
    page = registry.query_iot_hub(ask, None, 1)
    equal((len(page.items), page.type), (1, "Twin"))
    equal(bool(page.continuation_token), True, "token of the first page")
    rest = registry.query_iot_hub(ask, page.continuation_token, 1)
    equal(len(rest.items), 1)
    equal(rest.continuation_token, None, "token of the last page")
    equal({page.items[0].device_id, rest.items[0].device_id}, {"py-bulk-0", "py-bulk-1"})


@case
def query_by_tags_and_state():
    registry.update_twin("py-bulk-0", Twin(tags={"site": "north", "floor": 3}))
    for text, ids in [
        ("select * from devices where tags.site = 'north' and tags.floor >= 3", ["py-bulk-0"]),
        ("SELECT * FROM devices WHERE tags.floor IN [3, 4]", ["py-bulk-0"]),
        ("SELECT * FROM devices WHERE deviceId = 'py-1' AND status = 'disabled'", ["py-1"]),
        ("SELECT * FROM devices WHERE NOT IS_DEFINED(tags.site) AND deviceId = 'py-bulk-1'", ["py-bulk-1"]),
    ]:
        found = registry.query_iot_hub(QuerySpecification(query=text)).items
        equal([twin.device_id for twin in found], ids, text)


@case
def a_query_it_does_not_know_is_400():
    rejected(400, lambda: registry.query_iot_hub(QuerySpecification(query="SELECT FROM WHERE")))
