//! What the import of a row does to an identity that exists already.

use super::{AuthenticationType, ImportMode, Row, RowRef};

/// What the import of a row does to the keys or certificates of its identity, if the identity exists.
///
/// Only the hub knows whether it exists. A new identity loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticationEffect {
    /// The row does not write the authentication of an identity that exists: it creates, deletes, updates the twin alone,
    /// compares an etag that it does not have, or has a mode, a type or an id that the hub rejects.
    Unchanged,
    /// The row brings its own pair of keys, of type `sas`.
    KeysGiven,
    /// The row is of type `sas` and has no pair of keys: the hub makes new keys, and a device that has the old ones
    /// cannot connect any more.
    KeysRegenerated,
    /// The row is of another type than `sas`: an identity with keys loses them.
    ReplacedBy(AuthenticationType),
}

impl AuthenticationEffect {
    fn of(
        mode: &ImportMode,
        etag: Option<&str>,
        system_module: bool,
        kind: Option<AuthenticationType>,
        has_key_pair: bool,
    ) -> Self {
        // An etag mode without its etag never matches, and the hub rejects system modules.
        let compares_nothing = mode.checks_etag() && etag.is_none_or(str::is_empty);
        if !mode.overwrites_identity() || compares_nothing || system_module {
            return Self::Unchanged;
        }
        match kind {
            None | Some(AuthenticationType::Sas) if has_key_pair => Self::KeysGiven,
            None | Some(AuthenticationType::Sas) => Self::KeysRegenerated,
            Some(AuthenticationType::Unknown(_)) => Self::Unchanged,
            Some(other) => Self::ReplacedBy(other),
        }
    }

    /// Whether the hub makes new keys for the identity.
    pub fn regenerates_keys(&self) -> bool {
        *self == Self::KeysRegenerated
    }
}

impl RowRef<'_> {
    /// What an import does with the row: `createOrUpdate` where the row has no mode.
    pub fn effective_mode(&self) -> ImportMode {
        self.import_mode().unwrap_or(ImportMode::CreateOrUpdate)
    }

    /// Whether the row has both keys of a pair. An empty text is not a key: it asks the hub for a new one.
    pub fn has_key_pair(&self) -> bool {
        self.expose_keys()
            .iter()
            .all(|key| key.as_ref().is_some_and(|key| !key.is_empty()))
    }

    /// What the import of the row does to the authentication of an identity that exists.
    ///
    /// ```
    /// use jobs_devices::{AuthenticationEffect, RowRef, Scratch};
    /// let mut scratch = Scratch::new();
    /// let row = RowRef::parse(br#"{"id":"d1","status":"enabled","authentication":null}"#, &mut scratch)?;
    /// assert_eq!(row.authentication_effect(), AuthenticationEffect::KeysRegenerated);
    /// let row = RowRef::parse(br#"{"id":"d1","importMode":"create","status":"enabled"}"#, &mut scratch)?;
    /// assert_eq!(row.authentication_effect(), AuthenticationEffect::Unchanged);
    /// # Ok::<(), jobs_devices::Cause>(())
    /// ```
    pub fn authentication_effect(&self) -> AuthenticationEffect {
        let module = self.module_id();
        AuthenticationEffect::of(
            &self.effective_mode(),
            self.etag().as_deref(),
            module.is_some_and(|id| id.starts_with('$')),
            self.authentication_type(),
            self.has_key_pair(),
        )
    }

    /// The module that the row is about. An empty id means the device itself, as the hub reads it.
    pub fn module(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.module_id().filter(|id| !id.is_empty())
    }

    /// Whether the import of the row replaces all tags of an identity that exists.
    pub fn replaces_tags(&self) -> bool {
        let mode = self.effective_mode();
        self.tags().is_some() && (mode.overwrites_identity() || mode.updates_twin_only())
    }
}

impl Row {
    /// What an import does with the row: `createOrUpdate` where the row has no mode.
    pub fn effective_mode(&self) -> ImportMode {
        self.import_mode
            .to_option()
            .unwrap_or(ImportMode::CreateOrUpdate)
    }

    /// Whether the row has both keys of a pair. An empty text is not a key: it asks the hub for a new one.
    pub fn has_key_pair(&self) -> bool {
        let keys = self
            .authentication
            .as_ref()
            .and_then(|part| part.symmetric_key.as_ref());
        keys.is_some_and(|keys| {
            [&keys.primary_key, &keys.secondary_key]
                .iter()
                .all(|key| key.as_ref().is_some_and(|key| !key.expose().is_empty()))
        })
    }

    /// What the import of the row does to the authentication of an identity that exists:
    /// [`RowRef::authentication_effect`] of an owned row.
    pub fn authentication_effect(&self) -> AuthenticationEffect {
        AuthenticationEffect::of(
            &self.effective_mode(),
            self.etag.as_deref(),
            self.is_system_module(),
            self.authentication
                .as_ref()
                .and_then(|part| part.kind.to_option()),
            self.has_key_pair(),
        )
    }
}
