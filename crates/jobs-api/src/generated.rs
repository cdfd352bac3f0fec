// Written by `cargo xtask generate`. Do not edit: change the spec and run it again.
// spec: spec/jobs.openapi.json sha256 77b41e4d97a20fdb439d87f98686898e1911ef802f7784e4acd5fda47ff6b7fb
// generator: progenitor 0.15.1, typify 0.8.0, prettyplease 0.2.37
// inputs: a8f55953116d5c550ad91ebeb6409d4e4b3faaa208d6e28c631361a2f75e09f8

#[allow(unused_imports)]
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
#[allow(unused_imports)]
use progenitor_client::{encode_path, ClientHooks, OperationInfo, RequestBuilderExt};
/// Types used as operation parameters and responses.
#[allow(clippy::all)]
pub mod types {
    ///A direct method and its arguments.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct CloudToDeviceMethod {
        ///How long to wait for a device to connect, in seconds. No longer than the wait for its answer.
        #[serde(
            rename = "connectTimeoutInSeconds",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub connect_timeout_in_seconds: ::std::option::Option<i32>,
        ///The name of the method.
        #[serde(
            rename = "methodName",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub method_name: ::std::option::Option<::std::string::String>,
        ///The argument, any JSON up to 128 KB. In an answer it is a list of numbers, the bytes of what was sent.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::serde_json::Value"))]
        pub payload: ::std::option::Option<::serde_json::Value>,
        ///How long to wait for the answer of a device, in seconds.
        #[serde(
            rename = "responseTimeoutInSeconds",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub response_timeout_in_seconds: ::std::option::Option<i32>,
    }
    ///What a device can do.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct DeviceCapabilities {
        ///Whether the device is an edge device.
        #[serde(
            rename = "iotEdge",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "bool"))]
        pub iot_edge: ::std::option::Option<bool>,
    }
    ///How many devices of a scheduled job are in which state. May be absent while the job is new.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct DeviceJobStatistics {
        ///Devices that the job works on.
        #[serde(
            rename = "deviceCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub device_count: ::std::option::Option<i32>,
        ///Devices on which it failed.
        #[serde(
            rename = "failedCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub failed_count: ::std::option::Option<i32>,
        ///Devices on which it has yet to run.
        #[serde(
            rename = "pendingCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub pending_count: ::std::option::Option<i32>,
        ///Devices on which it runs.
        #[serde(
            rename = "runningCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub running_count: ::std::option::Option<i32>,
        ///Devices on which it succeeded.
        #[serde(
            rename = "succeededCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub succeeded_count: ::std::option::Option<i32>,
    }
    ///An import or export job, as it is asked for and as the hub reports it.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct JobProperties {
        ///The blob that configurations are read from or written to; `configurations.txt` when absent.
        #[serde(
            rename = "configurationsBlobName",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub configurations_blob_name: ::std::option::Option<::std::string::String>,
        ///When the job ended; absent until then. Set by the hub.
        #[serde(
            rename = "endTimeUtc",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub end_time_utc: ::std::option::Option<::std::string::String>,
        ///Whether an export leaves out the keys of the devices; false when absent. Answers about an import have it too.
        #[serde(
            rename = "excludeKeysInExport",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "bool"))]
        pub exclude_keys_in_export: ::std::option::Option<bool>,
        ///Why the job failed. Set by the hub; absent or null when there is nothing to tell.
        #[serde(
            rename = "failureReason",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub failure_reason: ::std::option::Option<::std::string::String>,
        ///Whether the job handles configurations too; false when absent.
        #[serde(
            rename = "includeConfigurations",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "bool"))]
        pub include_configurations: ::std::option::Option<bool>,
        ///The container that an import reads its device file from, usually with a shared access signature. The hub repeats it in the answer to the creation alone.
        #[serde(
            rename = "inputBlobContainerUri",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "crate::sas_uri::SasUri"))]
        pub input_blob_container_uri: ::std::option::Option<crate::sas_uri::SasUri>,
        ///The blob in the input container that holds the devices; `devices.txt` when absent.
        #[serde(
            rename = "inputBlobName",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub input_blob_name: ::std::option::Option<::std::string::String>,
        ///The id of the job. The hub assigns it and ignores what a caller sends.
        #[serde(
            rename = "jobId",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub job_id: ::std::option::Option<::std::string::String>,
        ///The container that an export writes to and that either kind of job writes its status to, usually with a shared access signature. Needed for either kind of job. The answer to the creation repeats it; later answers have an empty text.
        #[serde(
            rename = "outputBlobContainerUri",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "crate::sas_uri::SasUri"))]
        pub output_blob_container_uri: ::std::option::Option<crate::sas_uri::SasUri>,
        ///The blob in the output container that an export writes the devices to; `devices.txt` when absent.
        #[serde(
            rename = "outputBlobName",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub output_blob_name: ::std::option::Option<::std::string::String>,
        ///How far the job is, in percent. Set by the hub.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub progress: ::std::option::Option<i32>,
        ///When the job was created, which is before it starts to run. Set by the hub.
        #[serde(
            rename = "startTimeUtc",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub start_time_utc: ::std::option::Option<::std::string::String>,
        ///Where a job stands. It has ended when it is completed, failed or cancelled.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::JobStatus")
        )]
        pub status: ::std::option::Option<crate::generated::enums::JobStatus>,
        ///How the hub signs in to the storage account: with the signature in the container URI, or with an identity of its own. The first when absent. Only the answer to the creation repeats it.
        #[serde(
            rename = "storageAuthenticationType",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::StorageAuthenticationType")
        )]
        pub storage_authentication_type: ::std::option::Option<
            crate::generated::enums::StorageAuthenticationType,
        >,
        ///The kind of a job. Import and export jobs and scheduled jobs share this list.
        #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::JobType")
        )]
        pub type_: ::std::option::Option<crate::generated::enums::JobType>,
    }
    ///A scheduled job as it is asked for.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct JobRequest {
        ///A direct method and its arguments.
        #[serde(
            rename = "cloudToDeviceMethod",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "CloudToDeviceMethod"))]
        pub cloud_to_device_method: ::std::option::Option<CloudToDeviceMethod>,
        ///The id of the job, the same as in the path.
        #[serde(
            rename = "jobId",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub job_id: ::std::option::Option<::std::string::String>,
        ///How long the job may run, in seconds.
        #[serde(
            rename = "maxExecutionTimeInSeconds",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
        pub max_execution_time_in_seconds: ::std::option::Option<i64>,
        ///Which devices: the condition of a query without its `WHERE`, or `*` for all.
        #[serde(
            rename = "queryCondition",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub query_condition: ::std::option::Option<::std::string::String>,
        ///When to start; now when absent or null. At most 168 hours ahead.
        #[serde(
            rename = "startTime",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub start_time: ::std::option::Option<::std::string::String>,
        ///The kind of a job. Import and export jobs and scheduled jobs share this list.
        #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::JobType")
        )]
        pub type_: ::std::option::Option<crate::generated::enums::JobType>,
        ///The twin of a device or module. In an update, what is absent stays and what is null is removed.
        #[serde(
            rename = "updateTwin",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "Twin"))]
        pub update_twin: ::std::option::Option<Twin>,
    }
    ///A scheduled job as the hub reports it.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct JobResponse {
        ///A direct method and its arguments.
        #[serde(
            rename = "cloudToDeviceMethod",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "CloudToDeviceMethod"))]
        pub cloud_to_device_method: ::std::option::Option<CloudToDeviceMethod>,
        ///When the job was created.
        #[serde(
            rename = "createdTime",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub created_time: ::std::option::Option<::std::string::String>,
        ///How many devices of a scheduled job are in which state. May be absent while the job is new.
        #[serde(
            rename = "deviceJobStatistics",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "DeviceJobStatistics"))]
        pub device_job_statistics: ::std::option::Option<DeviceJobStatistics>,
        ///When the job ended. It is a time far ahead while the job has not ended, so its presence says nothing.
        #[serde(
            rename = "endTime",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub end_time: ::std::option::Option<::std::string::String>,
        ///Why the job failed.
        #[serde(
            rename = "failureReason",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub failure_reason: ::std::option::Option<::std::string::String>,
        ///The id of the job.
        #[serde(
            rename = "jobId",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub job_id: ::std::option::Option<::std::string::String>,
        ///How long the job may run, in seconds.
        #[serde(
            rename = "maxExecutionTimeInSeconds",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
        pub max_execution_time_in_seconds: ::std::option::Option<i64>,
        ///Which devices the job works on.
        #[serde(
            rename = "queryCondition",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub query_condition: ::std::option::Option<::std::string::String>,
        ///When the job starts or has started.
        #[serde(
            rename = "startTime",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub start_time: ::std::option::Option<::std::string::String>,
        ///Where a job stands. It has ended when it is completed, failed or cancelled.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::JobStatus")
        )]
        pub status: ::std::option::Option<crate::generated::enums::JobStatus>,
        ///What the hub has to say about the status.
        #[serde(
            rename = "statusMessage",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub status_message: ::std::option::Option<::std::string::String>,
        ///The kind of a job. Import and export jobs and scheduled jobs share this list.
        #[serde(rename = "type", skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::JobType")
        )]
        pub type_: ::std::option::Option<crate::generated::enums::JobType>,
        ///The twin of a device or module. In an update, what is absent stays and what is null is removed.
        #[serde(
            rename = "updateTwin",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "Twin"))]
        pub update_twin: ::std::option::Option<Twin>,
    }
    ///A query over the registry.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct QuerySpecification {
        ///The query in the hub's query language, for example `SELECT deviceId FROM devices`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub query: ::std::option::Option<::std::string::String>,
    }
    ///How many devices a registry holds.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct RegistryStatistics {
        ///Devices that may not connect.
        #[serde(
            rename = "disabledDeviceCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
        pub disabled_device_count: ::std::option::Option<i64>,
        ///Devices that may connect.
        #[serde(
            rename = "enabledDeviceCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
        pub enabled_device_count: ::std::option::Option<i64>,
        ///All devices.
        #[serde(
            rename = "totalDeviceCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
        pub total_device_count: ::std::option::Option<i64>,
    }
    ///The twin of a device or module. In an update, what is absent stays and what is null is removed.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct Twin {
        ///How a device signs in.
        #[serde(
            rename = "authenticationType",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::DeviceAuthenticationType")
        )]
        pub authentication_type: ::std::option::Option<
            crate::generated::enums::DeviceAuthenticationType,
        >,
        ///What a device can do.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "DeviceCapabilities"))]
        pub capabilities: ::std::option::Option<DeviceCapabilities>,
        ///Messages that wait for the device.
        #[serde(
            rename = "cloudToDeviceMessageCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i32"))]
        pub cloud_to_device_message_count: ::std::option::Option<i32>,
        ///Whether a device is connected.
        #[serde(
            rename = "connectionState",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::DeviceConnectionState")
        )]
        pub connection_state: ::std::option::Option<
            crate::generated::enums::DeviceConnectionState,
        >,
        ///The version of the device identity.
        #[serde(
            rename = "deviceEtag",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub device_etag: ::std::option::Option<::std::string::String>,
        ///The id of the device; null where a job repeats its update.
        #[serde(
            rename = "deviceId",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub device_id: ::std::option::Option<::std::string::String>,
        ///The scope of the edge device that this device belongs to or is.
        #[serde(
            rename = "deviceScope",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub device_scope: ::std::option::Option<::std::string::String>,
        ///The version of the twin that the caller means, or `*` for any. An update needs it.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub etag: ::std::option::Option<::std::string::String>,
        ///When the device last connected, sent or received a message.
        #[serde(
            rename = "lastActivityTime",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub last_activity_time: ::std::option::Option<::std::string::String>,
        ///The id of the module, for the twin of a module.
        #[serde(
            rename = "moduleId",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub module_id: ::std::option::Option<::std::string::String>,
        ///The two property trees of a twin.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "TwinProperties"))]
        pub properties: ::std::option::Option<TwinProperties>,
        ///Whether a device may connect.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "crate::generated::enums::DeviceStatus")
        )]
        pub status: ::std::option::Option<crate::generated::enums::DeviceStatus>,
        ///Why the status is what it is, up to 128 characters.
        #[serde(
            rename = "statusReason",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub status_reason: ::std::option::Option<::std::string::String>,
        ///When the status last changed.
        #[serde(
            rename = "statusUpdateTime",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "::std::string::String"))]
        pub status_update_time: ::std::option::Option<::std::string::String>,
        ///What the back end notes about the device, unseen by it.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(
                with = "::serde_json::Map<::std::string::String, ::serde_json::Value>"
            )
        )]
        pub tags: ::std::option::Option<
            ::serde_json::Map<::std::string::String, ::serde_json::Value>,
        >,
        ///Counts the changes of the twin. Set by the hub.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "i64"))]
        pub version: ::std::option::Option<i64>,
        ///The thumbprints of the certificates of a device. One report has them with capitals in a twin; both spellings are read.
        #[serde(
            rename = "x509Thumbprint",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default)]
        #[cfg_attr(feature = "schemars", schemars(with = "X509Thumbprint"))]
        pub x509_thumbprint: ::std::option::Option<X509Thumbprint>,
    }
    ///The two property trees of a twin.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct TwinProperties {
        ///What the back end wants of the device.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(
                with = "::serde_json::Map<::std::string::String, ::serde_json::Value>"
            )
        )]
        pub desired: ::std::option::Option<
            ::serde_json::Map<::std::string::String, ::serde_json::Value>,
        >,
        ///What the device says about itself.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default)]
        #[cfg_attr(
            feature = "schemars",
            schemars(
                with = "::serde_json::Map<::std::string::String, ::serde_json::Value>"
            )
        )]
        pub reported: ::std::option::Option<
            ::serde_json::Map<::std::string::String, ::serde_json::Value>,
        >,
    }
    ///The thumbprints of the certificates of a device. One report has them with capitals in a twin; both spellings are read.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct X509Thumbprint {
        ///The thumbprint of the first certificate, in hexadecimal.
        #[serde(
            rename = "primaryThumbprint",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(alias = "PrimaryThumbprint")]
        pub primary_thumbprint: ::std::option::Option<::std::string::String>,
        ///The thumbprint of the second certificate, in hexadecimal.
        #[serde(
            rename = "secondaryThumbprint",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(alias = "SecondaryThumbprint")]
        pub secondary_thumbprint: ::std::option::Option<::std::string::String>,
    }
    /// Error types.
    pub mod error {
        /// Error from a `TryFrom` or `FromStr` implementation.
        pub struct ConversionError(::std::borrow::Cow<'static, str>);
        impl ::std::error::Error for ConversionError {}
        impl ::std::fmt::Display for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
        impl ::std::fmt::Debug for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&'static str> for ConversionError {
            fn from(value: &'static str) -> Self {
                Self(value.into())
            }
        }
        impl From<String> for ConversionError {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }
    }
    impl ::std::fmt::Debug for CloudToDeviceMethod {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            let mut fields = f.debug_struct("CloudToDeviceMethod");
            fields.field("connect_timeout_in_seconds", &self.connect_timeout_in_seconds);
            fields.field("method_name", &self.method_name);
            fields.field("payload", &crate::veil::Veiled(&self.payload));
            fields
                .field("response_timeout_in_seconds", &self.response_timeout_in_seconds);
            fields.finish()
        }
    }
    impl ::std::fmt::Debug for JobProperties {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            let mut fields = f.debug_struct("JobProperties");
            fields.field("configurations_blob_name", &self.configurations_blob_name);
            fields.field("end_time_utc", &self.end_time_utc);
            fields.field("exclude_keys_in_export", &self.exclude_keys_in_export);
            fields.field("failure_reason", &crate::veil::Veiled(&self.failure_reason));
            fields.field("include_configurations", &self.include_configurations);
            fields.field("input_blob_container_uri", &self.input_blob_container_uri);
            fields.field("input_blob_name", &self.input_blob_name);
            fields.field("job_id", &self.job_id);
            fields.field("output_blob_container_uri", &self.output_blob_container_uri);
            fields.field("output_blob_name", &self.output_blob_name);
            fields.field("progress", &self.progress);
            fields.field("start_time_utc", &self.start_time_utc);
            fields.field("status", &self.status);
            fields
                .field("storage_authentication_type", &self.storage_authentication_type);
            fields.field("type_", &self.type_);
            fields.finish()
        }
    }
    impl ::std::fmt::Debug for JobResponse {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            let mut fields = f.debug_struct("JobResponse");
            fields.field("cloud_to_device_method", &self.cloud_to_device_method);
            fields.field("created_time", &self.created_time);
            fields.field("device_job_statistics", &self.device_job_statistics);
            fields.field("end_time", &self.end_time);
            fields.field("failure_reason", &crate::veil::Veiled(&self.failure_reason));
            fields.field("job_id", &self.job_id);
            fields
                .field(
                    "max_execution_time_in_seconds",
                    &self.max_execution_time_in_seconds,
                );
            fields.field("query_condition", &self.query_condition);
            fields.field("start_time", &self.start_time);
            fields.field("status", &self.status);
            fields.field("status_message", &crate::veil::Veiled(&self.status_message));
            fields.field("type_", &self.type_);
            fields.field("update_twin", &self.update_twin);
            fields.finish()
        }
    }
    impl ::std::fmt::Debug for QuerySpecification {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            let mut fields = f.debug_struct("QuerySpecification");
            fields.field("query", &crate::veil::Veiled(&self.query));
            fields.finish()
        }
    }
    impl ::std::fmt::Debug for Twin {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            let mut fields = f.debug_struct("Twin");
            fields.field("authentication_type", &self.authentication_type);
            fields.field("capabilities", &self.capabilities);
            fields
                .field(
                    "cloud_to_device_message_count",
                    &self.cloud_to_device_message_count,
                );
            fields.field("connection_state", &self.connection_state);
            fields.field("device_etag", &self.device_etag);
            fields.field("device_id", &self.device_id);
            fields.field("device_scope", &self.device_scope);
            fields.field("etag", &self.etag);
            fields.field("last_activity_time", &self.last_activity_time);
            fields.field("module_id", &self.module_id);
            fields.field("properties", &self.properties);
            fields.field("status", &self.status);
            fields.field("status_reason", &crate::veil::Veiled(&self.status_reason));
            fields.field("status_update_time", &self.status_update_time);
            fields.field("tags", &crate::veil::Veiled(&self.tags));
            fields.field("version", &self.version);
            fields.field("x509_thumbprint", &self.x509_thumbprint);
            fields.finish()
        }
    }
    impl ::std::fmt::Debug for TwinProperties {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            let mut fields = f.debug_struct("TwinProperties");
            fields.field("desired", &crate::veil::Veiled(&self.desired));
            fields.field("reported", &crate::veil::Veiled(&self.reported));
            fields.finish()
        }
    }
}
#[derive(Clone, Debug)]
/**Client for Azure IoT Hub Jobs

Import, export and scheduled jobs of an IoT hub: the Jobs group of the hub's service API. `spec/README.md` says where each fact comes from.

Version: 2020-05-31-preview*/
pub struct Client {
    pub(crate) baseurl: String,
    pub(crate) client: reqwest::Client,
    pub(crate) inner: crate::seam::RequestContext,
}
impl ClientInfo<crate::seam::RequestContext> for Client {
    fn api_version() -> &'static str {
        "2020-05-31-preview"
    }
    fn baseurl(&self) -> &str {
        self.baseurl.as_str()
    }
    fn client(&self) -> &reqwest::Client {
        &self.client
    }
    fn inner(&self) -> &crate::seam::RequestContext {
        &self.inner
    }
}
const _: () = {
    #[allow(dead_code)]
    fn assert_client_hooks()
    where
        Client: ClientHooks<crate::seam::RequestContext>,
    {}
};
#[allow(clippy::all)]
impl Client {
    /**Starts an import or export job

Starts an import or export job. The hub checks the containers first and assigns the job id; a `jobId` that the caller sends is not used. A container that the hub cannot use is answered with 400 `BlobContainerValidationError`. One such job may be active on a hub at a time; another is answered with 403 `JobQuotaExceeded`.

Sends a `POST` request to `/jobs/create`

Arguments:
- `body`: What to import or export, and where. The hub needs `type` and `outputBlobContainerUri` for either kind of job.
*/
    pub async fn jobs_create_import_export_job<'a>(
        &'a self,
        body: &'a types::JobProperties,
    ) -> Result<ResponseValue<types::JobProperties>, Error<()>> {
        let url = format!("{}/jobs/create", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_create_import_export_job",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Lists the import and export jobs of the hub

Lists the import and export jobs of the hub, finished ones included, as far back as the hub keeps its history. There is neither a filter nor paging.

Sends a `GET` request to `/jobs`

*/
    pub async fn jobs_get_import_export_jobs<'a>(
        &'a self,
    ) -> Result<ResponseValue<::std::vec::Vec<types::JobProperties>>, Error<()>> {
        let url = format!("{}/jobs", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_get_import_export_jobs",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Reads one import or export job

Reads one import or export job. An id that the hub does not know is answered with 404 `JobNotFound`.

Sends a `GET` request to `/jobs/{id}`

Arguments:
- `id`: The id of the job: made by the hub for import and export jobs, chosen by the caller for scheduled jobs. A chosen id has up to 64 lower-case letters, digits, `-` and `'`; others are answered with 400 `ArgumentInvalid`.
*/
    pub async fn jobs_get_import_export_job<'a>(
        &'a self,
        id: &'a str,
    ) -> Result<ResponseValue<types::JobProperties>, Error<()>> {
        let url = format!("{}/jobs/{}", self.baseurl, encode_path(& id.to_string()),);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_get_import_export_job",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Cancels an import or export job

Cancels an import or export job. Rows that an import has already applied stay. A job that is unknown or long finished can be answered with 500.

Sends a `DELETE` request to `/jobs/{id}`

Arguments:
- `id`: The id of the job: made by the hub for import and export jobs, chosen by the caller for scheduled jobs. A chosen id has up to 64 lower-case letters, digits, `-` and `'`; others are answered with 400 `ArgumentInvalid`.
*/
    pub async fn jobs_cancel_import_export_job<'a>(
        &'a self,
        id: &'a str,
    ) -> Result<ResponseValue<()>, Error<()>> {
        let url = format!("{}/jobs/{}", self.baseurl, encode_path(& id.to_string()),);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self.client.delete(url).headers(header_map).build()?;
        let info = OperationInfo {
            operation_id: "jobs_cancel_import_export_job",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => Ok(ResponseValue::empty(response)),
            204u16 => Ok(ResponseValue::empty(response)),
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Reads one scheduled job

Reads one scheduled job. An id that the hub does not know is answered with 200 and a job whose type and status are `unknown`.

Sends a `GET` request to `/jobs/v2/{id}`

Arguments:
- `id`: The id of the job: made by the hub for import and export jobs, chosen by the caller for scheduled jobs. A chosen id has up to 64 lower-case letters, digits, `-` and `'`; others are answered with 400 `ArgumentInvalid`.
*/
    pub async fn jobs_get_scheduled_job<'a>(
        &'a self,
        id: &'a str,
    ) -> Result<ResponseValue<types::JobResponse>, Error<()>> {
        let url = format!("{}/jobs/v2/{}", self.baseurl, encode_path(& id.to_string()),);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_get_scheduled_job",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Schedules a twin update or a direct method on many devices

Schedules a twin update or a direct method on many devices, now or at a later time. The caller chooses the id; one that is taken is answered with 409 `JobAlreadyExists`.

Sends a `PUT` request to `/jobs/v2/{id}`

Arguments:
- `id`: The id of the job: made by the hub for import and export jobs, chosen by the caller for scheduled jobs. A chosen id has up to 64 lower-case letters, digits, `-` and `'`; others are answered with 400 `ArgumentInvalid`.
- `body`: What to do, on which devices and when.
*/
    pub async fn jobs_create_scheduled_job<'a>(
        &'a self,
        id: &'a str,
        body: &'a types::JobRequest,
    ) -> Result<ResponseValue<types::JobResponse>, Error<()>> {
        let url = format!("{}/jobs/v2/{}", self.baseurl, encode_path(& id.to_string()),);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .put(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_create_scheduled_job",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Cancels a scheduled job

Cancels a scheduled job that has not started yet. A running or finished job is refused with 405 `OperationNotAllowedInCurrentState`, an unknown one with 404 `JobNotFound`.

Sends a `POST` request to `/jobs/v2/{id}/cancel`

Arguments:
- `id`: The id of the job: made by the hub for import and export jobs, chosen by the caller for scheduled jobs. A chosen id has up to 64 lower-case letters, digits, `-` and `'`; others are answered with 400 `ArgumentInvalid`.
*/
    pub async fn jobs_cancel_scheduled_job<'a>(
        &'a self,
        id: &'a str,
    ) -> Result<ResponseValue<types::JobResponse>, Error<()>> {
        let url = format!(
            "{}/jobs/v2/{}/cancel", self.baseurl, encode_path(& id.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_cancel_scheduled_job",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Lists scheduled jobs, page by page

Lists scheduled jobs, page by page. The token of the next page comes in the response header `x-ms-continuation`, which is absent on the last page.

Sends a `GET` request to `/jobs/v2/query`

Arguments:
- `job_status`: Only jobs in this status, whatever its case.
- `job_type`: Only jobs of this type, whatever its case.
- `x_ms_continuation`: The token of the page to read, from the header of the same name in the answer before.
- `x_ms_max_item_count`: At most this many jobs in one page.
*/
    pub async fn jobs_query_scheduled_jobs<'a>(
        &'a self,
        job_status: Option<&'a crate::generated::enums::JobStatus>,
        job_type: Option<&'a crate::generated::enums::JobType>,
        x_ms_continuation: Option<&'a str>,
        x_ms_max_item_count: Option<i32>,
    ) -> Result<ResponseValue<::std::vec::Vec<types::JobResponse>>, Error<()>> {
        let url = format!("{}/jobs/v2/query", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(3usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        if let Some(value) = x_ms_continuation {
            header_map.append("x-ms-continuation", value.to_string().try_into()?);
        }
        if let Some(value) = x_ms_max_item_count {
            header_map.append("x-ms-max-item-count", value.to_string().try_into()?);
        }
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("jobStatus", &job_status))
            .query(&progenitor_client::QueryParam::new("jobType", &job_type))
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "jobs_query_scheduled_jobs",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Runs a query over the registry and returns one page of its rows

Runs a query over twins, modules or the devices of scheduled jobs and returns one page of its rows. The members of a row follow from the selection; the response header `x-ms-item-type` names its kind. The token of the next page comes in the response header `x-ms-continuation`, which is absent on the last page. Results lag behind changes of the registry, usually by some seconds.

Sends a `POST` request to `/devices/query`

Arguments:
- `x_ms_continuation`: The token of the page to read, from the header of the same name in the answer before.
- `x_ms_max_item_count`: At most this many rows in one page.
- `body`: The query.
*/
    pub async fn query_get_twins<'a>(
        &'a self,
        x_ms_continuation: Option<&'a str>,
        x_ms_max_item_count: Option<i32>,
        body: &'a types::QuerySpecification,
    ) -> Result<
        ResponseValue<
            ::std::vec::Vec<
                ::serde_json::Map<::std::string::String, ::serde_json::Value>,
            >,
        >,
        Error<()>,
    > {
        let url = format!("{}/devices/query", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(3usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        if let Some(value) = x_ms_continuation {
            header_map.append("x-ms-continuation", value.to_string().try_into()?);
        }
        if let Some(value) = x_ms_max_item_count {
            header_map.append("x-ms-max-item-count", value.to_string().try_into()?);
        }
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "query_get_twins",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /**Counts the devices of the registry

Counts the devices of the registry, and how many of them are enabled and disabled. The numbers lag behind changes of the registry.

Sends a `GET` request to `/statistics/devices`

*/
    pub async fn statistics_get_device_statistics<'a>(
        &'a self,
    ) -> Result<ResponseValue<types::RegistryStatistics>, Error<()>> {
        let url = format!("{}/statistics/devices", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "statistics_get_device_statistics",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
}
/// Items consumers will typically use such as the Client.
pub mod prelude {
    #[allow(unused_imports)]
    pub use super::Client;
}

/// The version of the API that this was generated for.
pub const API_VERSION: &str = "2020-05-31-preview";

/// The JSON Schema of every model and enum, by name.
#[cfg(feature = "schemars")]
pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
    vec![
        ("CloudToDeviceMethod", schemars::schema_for!(types::CloudToDeviceMethod)),
        ("DeviceCapabilities", schemars::schema_for!(types::DeviceCapabilities)),
        ("DeviceJobStatistics", schemars::schema_for!(types::DeviceJobStatistics)),
        ("JobProperties", schemars::schema_for!(types::JobProperties)),
        ("JobRequest", schemars::schema_for!(types::JobRequest)),
        ("JobResponse", schemars::schema_for!(types::JobResponse)),
        ("QuerySpecification", schemars::schema_for!(types::QuerySpecification)),
        ("RegistryStatistics", schemars::schema_for!(types::RegistryStatistics)),
        ("Twin", schemars::schema_for!(types::Twin)),
        ("TwinProperties", schemars::schema_for!(types::TwinProperties)),
        ("X509Thumbprint", schemars::schema_for!(types::X509Thumbprint)),
        ("JobType", schemars::schema_for!(enums::JobType)),
        ("JobStatus", schemars::schema_for!(enums::JobStatus)),
        ("StorageAuthenticationType", schemars::schema_for!(enums::StorageAuthenticationType)),
        ("DeviceStatus", schemars::schema_for!(enums::DeviceStatus)),
        ("DeviceConnectionState", schemars::schema_for!(enums::DeviceConnectionState)),
        ("DeviceAuthenticationType", schemars::schema_for!(enums::DeviceAuthenticationType)),
    ]
}

/// Reads JSON as the model or enum of this name and writes it back, which shows what the model keeps of it. `None` when
/// there is no such model.
#[cfg(feature = "schemars")]
pub fn round_trip(model: &str, json: serde_json::Value) -> Option<serde_json::Result<serde_json::Value>> {
    fn rewrite<T: serde::Serialize + serde::de::DeserializeOwned>(
        json: serde_json::Value,
    ) -> serde_json::Result<serde_json::Value> {
        serde_json::from_value::<T>(json).and_then(serde_json::to_value)
    }
    Some(match model {
        "CloudToDeviceMethod" => rewrite::<types::CloudToDeviceMethod>(json),
        "DeviceCapabilities" => rewrite::<types::DeviceCapabilities>(json),
        "DeviceJobStatistics" => rewrite::<types::DeviceJobStatistics>(json),
        "JobProperties" => rewrite::<types::JobProperties>(json),
        "JobRequest" => rewrite::<types::JobRequest>(json),
        "JobResponse" => rewrite::<types::JobResponse>(json),
        "QuerySpecification" => rewrite::<types::QuerySpecification>(json),
        "RegistryStatistics" => rewrite::<types::RegistryStatistics>(json),
        "Twin" => rewrite::<types::Twin>(json),
        "TwinProperties" => rewrite::<types::TwinProperties>(json),
        "X509Thumbprint" => rewrite::<types::X509Thumbprint>(json),
        "JobType" => rewrite::<enums::JobType>(json),
        "JobStatus" => rewrite::<enums::JobStatus>(json),
        "StorageAuthenticationType" => rewrite::<enums::StorageAuthenticationType>(json),
        "DeviceStatus" => rewrite::<enums::DeviceStatus>(json),
        "DeviceConnectionState" => rewrite::<enums::DeviceConnectionState>(json),
        "DeviceAuthenticationType" => rewrite::<enums::DeviceAuthenticationType>(json),
        _ => return None,
    })
}

/// The enums of the API, all of them open.
pub mod enums {
    use crate::open_enum::open_enum;

    open_enum! {
        /// The kind of a job. Import and export jobs and scheduled jobs share this list.
        pub enum JobType {
            /// `unknown`.
            Unknown = "unknown",
            /// `export`.
            Export = "export",
            /// `import`.
            Import = "import",
            /// `backup`.
            Backup = "backup",
            /// `readDeviceProperties`.
            ReadDeviceProperties = "readDeviceProperties",
            /// `writeDeviceProperties`.
            WriteDeviceProperties = "writeDeviceProperties",
            /// `updateDeviceConfiguration`.
            UpdateDeviceConfiguration = "updateDeviceConfiguration",
            /// `rebootDevice`.
            RebootDevice = "rebootDevice",
            /// `factoryResetDevice`.
            FactoryResetDevice = "factoryResetDevice",
            /// `firmwareUpdate`.
            FirmwareUpdate = "firmwareUpdate",
            /// `scheduleDeviceMethod`.
            ScheduleDeviceMethod = "scheduleDeviceMethod",
            /// `scheduleUpdateTwin`.
            ScheduleUpdateTwin = "scheduleUpdateTwin",
            /// `restoreFromBackup`.
            RestoreFromBackup = "restoreFromBackup",
            /// `failoverDataCopy`.
            FailoverDataCopy = "failoverDataCopy",
        }
    }

    open_enum! {
        /// Where a job stands. It has ended when it is completed, failed or cancelled.
        pub enum JobStatus {
            /// `unknown`.
            Unknown = "unknown",
            /// `enqueued`.
            Enqueued = "enqueued",
            /// `running`.
            Running = "running",
            /// `completed`.
            Completed = "completed",
            /// `failed`.
            Failed = "failed",
            /// `cancelled`.
            Cancelled = "cancelled",
            /// `scheduled`.
            Scheduled = "scheduled",
            /// `queued`.
            Queued = "queued",
        }
    }

    open_enum! {
        /// How the hub signs in to the storage account: with the signature in the container URI, or with an identity of its own. The first when absent. Only the answer to the creation repeats it.
        pub enum StorageAuthenticationType {
            /// `keyBased`.
            KeyBased = "keyBased",
            /// `identityBased`.
            IdentityBased = "identityBased",
        }
    }

    open_enum! {
        /// Whether a device may connect.
        pub enum DeviceStatus {
            /// `enabled`.
            Enabled = "enabled",
            /// `disabled`.
            Disabled = "disabled",
        }
    }

    open_enum! {
        /// Whether a device is connected.
        pub enum DeviceConnectionState {
            /// `Disconnected`.
            Disconnected = "Disconnected",
            /// `Connected`.
            Connected = "Connected",
        }
    }

    open_enum! {
        /// How a device signs in.
        pub enum DeviceAuthenticationType {
            /// `sas`.
            Sas = "sas",
            /// `selfSigned`.
            SelfSigned = "selfSigned",
            /// `certificateAuthority`.
            CertificateAuthority = "certificateAuthority",
            /// `none`.
            None = "none",
        }
    }
}
