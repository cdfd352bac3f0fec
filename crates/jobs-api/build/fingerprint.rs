//! What the generated core is made from, in one hash. The build script and the generator share this file, so that they
//! cannot disagree about what is stale.

use std::io;
use std::path::{Path, PathBuf};

/// The one source of the generated core.
pub(crate) const SPEC: &str = "spec/jobs.openapi.json";
/// The generated core.
pub(crate) const OUTPUT: &str = "crates/jobs-api/src/generated.rs";
/// The settings of the generator: the folders of the sources that read the spec and turn it into the core.
pub(crate) const SETTINGS: [&str; 2] = ["xtask/src/generate", "xtask/src/spec"];
/// Says which versions of the generator's packages are used.
pub(crate) const LOCK: &str = "Cargo.lock";
/// Starts the line of the output that carries the fingerprint.
pub(crate) const MARK: &str = "// inputs: ";

/// Packages whose version decides what the output looks like.
const GENERATOR_PACKAGES: [&str; 7] = [
    "heck",
    "openapiv3",
    "prettyplease",
    "progenitor-impl",
    "syn",
    "typify",
    "typify-impl",
];

/// The fingerprint of the spec, the generator's versions and its settings under `root`.
pub(crate) fn of_inputs(root: &Path) -> io::Result<String> {
    let mut bytes = read(&root.join(SPEC))?;
    let lock = String::from_utf8_lossy(&read(&root.join(LOCK))?).into_owned();
    for version in generator_versions(&lock) {
        bytes.extend_from_slice(format!("\n{version}").as_bytes());
    }
    for path in settings(root)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        bytes.extend_from_slice(format!("\n{name}\n").as_bytes());
        bytes.extend_from_slice(&read(&path)?);
    }
    // A checkout may carry either kind of line end.
    bytes.retain(|byte| *byte != b'\r');
    Ok(sha256(&bytes))
}

/// The fingerprint that a generated file says it was made from.
pub(crate) fn of_output(text: &str) -> Option<&str> {
    text.lines()
        .take(20)
        .find_map(|line| line.strip_prefix(MARK))
        .map(str::trim)
}

/// The settings files, folder by folder, in the order of their names.
pub(crate) fn settings(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in SETTINGS {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|error| naming(&folder, error))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .filter(|path| !matches!(path, Ok(path) if path.extension().is_none_or(|e| e != "rs")))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        found.extend(paths);
    }
    Ok(found)
}

/// `name version` of each of the generator's packages in a lock file.
pub(crate) fn generator_versions(lock: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            name = value.trim_matches('"');
        } else if let Some(value) = line.strip_prefix("version = ")
            && GENERATOR_PACKAGES.contains(&name)
        {
            found.push(format!("{name} {}", value.trim_matches('"')));
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| naming(path, error))
}

fn naming(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// SHA-256 in lower-case hexadecimal (FIPS 180-4). Written out here because the build script has no dependencies.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut state: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        compress(&mut state, block);
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

fn compress(state: &mut [u32; 8], block: &[u8]) {
    let mut w = [0u32; 64];
    for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for i in 16..64 {
        let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
        let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16]
            .wrapping_add(s0)
            .wrapping_add(w[i - 7])
            .wrapping_add(s1);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (k, w) in ROUND_CONSTANTS.iter().zip(w) {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let t1 = h
            .wrapping_add(s1)
            .wrapping_add(choice)
            .wrapping_add(*k)
            .wrapping_add(w);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let t2 = s0.wrapping_add(majority);
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
    }
    for (word, value) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(value);
    }
}

#[rustfmt::skip]
const ROUND_CONSTANTS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];
