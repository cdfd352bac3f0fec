//! `cargo xtask generate`: the core of jobs-api from the spec.
//!
//! The spec says what the service does, more than the generator can take. So an in-memory copy is lowered to what it
//! takes (`lower`), generated, polished (`polish`), completed with the open enums (`enums`), formatted and checked
//! (`check`).

mod aliases;
pub(crate) mod check;
mod constructors;
mod enums;
mod fields;
mod lower;
pub(crate) mod names;
mod polish;
mod redact;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};

use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result, fingerprint, spec};

/// Arguments of the task.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only compares: fails with a diff when the checked-in core is not what the spec gives.
    #[arg(long)]
    check: bool,
}

/// Writes the core if it differs from what is there, or compares the two.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let text = from_workspace(workspace)?;
    let path = workspace.generated();
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if old == text {
        return Ok(Outcome::said(format!(
            "{} is up to date\n",
            fingerprint::OUTPUT
        )));
    }
    if args.check {
        return Ok(Outcome {
            text: difference(&old, &text),
            code: 1,
        });
    }
    write(workspace, &text)?;
    Ok(Outcome::said(format!("wrote {}\n", fingerprint::OUTPUT)))
}

/// What the generated core of a workspace should be.
pub fn from_workspace(workspace: &Workspace) -> Result<String> {
    let inputs = fingerprint::of_inputs(workspace.root()).map_err(|error| {
        Problem::unreadable(format!("cannot read the generator's inputs: {error}"))
    })?;
    let text = Workspace::read(&workspace.spec())?;
    let lock = Workspace::read(&workspace.path(fingerprint::LOCK))?;
    let core = core(&text)?;
    Ok(format!("{}{core}", header(&text, &lock, &inputs)))
}

/// The generated core for the text of a spec, without the header that names its origin.
pub fn core(text: &str) -> Result<String> {
    let document = spec::parse(text)?;
    let lowered = lower::lower(&document)?;
    let tokens = tokens(&lowered)?;
    let file = polish::polish(tokens, &document, &lowered)?;
    let mut core = prettyplease::unparse(&file);
    let _ = write!(
        core,
        "\n/// The version of the API that this was generated for.\npub const API_VERSION: &str = {:?};\n",
        document.info.version
    );
    core.push_str(&schemas(&file, &lowered));
    core.push_str(&enums::render(&lowered.enums));
    check::check(&core)?;
    Ok(core)
}

/// Functions over all models by name, so that nothing has to keep a list of them.
fn schemas(file: &syn::File, lowered: &lower::Lowered) -> String {
    let models = polish::type_names(file)
        .into_iter()
        .map(|name| format!("types::{name}"));
    let enums = lowered
        .enums
        .iter()
        .map(|open| format!("enums::{}", open.rust_name));
    let (mut schemas, mut arms) = (String::new(), String::new());
    for path in models.chain(enums) {
        let name = path.rsplit(':').next().unwrap_or_default();
        let _ = writeln!(
            schemas,
            "        ({name:?}, schemars::schema_for!({path})),"
        );
        let _ = writeln!(arms, "        {name:?} => rewrite::<{path}>(json),");
    }
    format!(
        r#"
/// The JSON Schema of every model and enum, by name.
#[cfg(feature = "schemars")]
pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {{
    vec![
{schemas}    ]
}}

/// Reads JSON as the model or enum of this name and writes it back, which shows what the model keeps of it. `None` when
/// there is no such model.
#[cfg(feature = "schemars")]
pub fn round_trip(model: &str, json: serde_json::Value) -> Option<serde_json::Result<serde_json::Value>> {{
    fn rewrite<T: serde::Serialize + serde::de::DeserializeOwned>(
        json: serde_json::Value,
    ) -> serde_json::Result<serde_json::Value> {{
        serde_json::from_value::<T>(json).and_then(serde_json::to_value)
    }}
    Some(match model {{
{arms}        _ => return None,
    }})
}}
"#
    )
}

fn tokens(lowered: &lower::Lowered) -> Result<String> {
    let mut generator = Generator::new(&settings(lowered)?);
    let document: &OpenAPI = &lowered.document;
    // The generator asserts some of what it cannot do. The message is worth more than the backtrace.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(|| generator.generate_tokens(document)));
    std::panic::set_hook(hook);
    match result {
        Ok(Ok(tokens)) => Ok(tokens.to_string()),
        Ok(Err(error)) => Err(Problem::new(format!(
            "the generator rejects the spec: {error}"
        ))),
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Err(Problem::new(format!(
                "the generator gave up on the spec: {message}. Run `cargo xtask lint` to see what it cannot take"
            )))
        }
    }
}

fn settings(lowered: &lower::Lowered) -> Result<GenerationSettings> {
    let mut settings = GenerationSettings::new();
    let inner = "crate::seam::RequestContext"
        .parse()
        .map_err(|error| Problem::new(format!("the type of the request context: {error}")))?;
    let secret = serde_json::from_value(
        serde_json::json!({ "type": "string", "format": lower::SECRET_FORMAT }),
    )
    .map_err(|error| Problem::new(format!("the schema of a secret: {error}")))?;
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(inner)
        .with_derive("PartialEq")
        .with_conversion(
            secret,
            "crate::sas_uri::SasUri",
            std::iter::empty::<TypeImpl>(),
        );
    for open in &lowered.enums {
        let path = format!("crate::generated::enums::{}", open.rust_name);
        settings.with_replacement(
            &open.rust_name,
            path,
            [TypeImpl::Display, TypeImpl::FromStr].into_iter(),
        );
    }
    Ok(settings)
}

fn header(spec_text: &str, lock: &str, inputs: &str) -> String {
    let versions = fingerprint::generator_versions(lock);
    let version = |name: &str| {
        let prefix = format!("{name} ");
        versions
            .iter()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap_or("?")
            .to_owned()
    };
    format!(
        "// Written by `cargo xtask generate`. Do not edit: change the spec and run it again.\n\
         // spec: {spec} sha256 {hash}\n\
         // generator: progenitor {progenitor}, typify {typify}, prettyplease {prettyplease}\n\
         {mark}{inputs}\n\n",
        spec = fingerprint::SPEC,
        hash = fingerprint::sha256(spec_text.replace('\r', "").as_bytes()),
        progenitor = version("progenitor-impl"),
        typify = version("typify"),
        prettyplease = version("prettyplease"),
        mark = fingerprint::MARK,
    )
}

fn difference(old: &str, new: &str) -> String {
    let path = fingerprint::OUTPUT;
    let diff = similar::TextDiff::from_lines(old, new);
    format!(
        "{}\n{path} is not what {} gives. Run `cargo xtask generate` and commit the result.\n",
        diff.unified_diff()
            .context_radius(3)
            .header(&format!("a/{path}"), &format!("b/{path}")),
        fingerprint::SPEC
    )
}

/// Replaces the file in one step, so that two builds at once never see half of it.
fn write(workspace: &Workspace, text: &str) -> Result<()> {
    use std::io::Write as _;
    let path = workspace.generated();
    let failed = |error: std::io::Error| {
        Problem::new(format!("cannot write {}: {error}", fingerprint::OUTPUT))
    };
    let folder = path
        .parent()
        .ok_or_else(|| Problem::new("the output has no folder"))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    set_ordinary_permissions(file.path(), &path).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A temporary file is private; the output keeps the permissions it had, or those of a source file.
fn set_ordinary_permissions(new: &std::path::Path, old: &std::path::Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = std::fs::metadata(old)
            .map(|metadata| metadata.permissions())
            .unwrap_or_else(|_| std::fs::Permissions::from_mode(0o644));
        std::fs::set_permissions(new, permissions)?;
    }
    #[cfg(not(unix))]
    let _ = (new, old);
    Ok(())
}
