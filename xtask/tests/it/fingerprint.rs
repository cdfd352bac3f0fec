//! The hash that the build script brings along, held to a well-known one.

#[path = "../../../crates/jobs-api/build/fingerprint.rs"]
#[allow(
    dead_code,
    reason = "shared with the build script, which uses another part of it"
)]
mod build;

#[test]
fn hash_is_sha256() {
    for length in [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000] {
        let bytes: Vec<u8> = (0..length)
            .map(|index: u32| (index * 7 + length) as u8)
            .collect();
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let expected: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(build::sha256(&bytes), expected, "{length} bytes");
    }
}

#[test]
fn only_the_generators_own_packages_count() {
    let lock = "[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"typify\"\nversion = \"0.8.0\"\n";
    assert_eq!(build::generator_versions(lock), ["typify 0.8.0"]);
}
