//! Import modes.

/// The nine import modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Create,
    CreateOrUpdate,
    CreateOrUpdateIfMatchETag,
    Update,
    UpdateIfMatchETag,
    Delete,
    DeleteIfMatchETag,
    UpdateTwin,
    UpdateTwinIfMatchETag,
}

impl Mode {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Create, "create"),
        (Self::CreateOrUpdate, "createOrUpdate"),
        (Self::CreateOrUpdateIfMatchETag, "createOrUpdateIfMatchETag"),
        (Self::Update, "update"),
        (Self::UpdateIfMatchETag, "updateIfMatchETag"),
        (Self::Delete, "delete"),
        (Self::DeleteIfMatchETag, "deleteIfMatchETag"),
        (Self::UpdateTwin, "updateTwin"),
        (Self::UpdateTwinIfMatchETag, "updateTwinIfMatchETag"),
    ];

    /// Reads a mode in any case: SDKs send camelCase, newer documents print PascalCase.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(mode, _)| *mode)
    }

    pub(crate) fn creates(self) -> bool {
        matches!(
            self,
            Self::Create | Self::CreateOrUpdate | Self::CreateOrUpdateIfMatchETag
        )
    }

    pub(crate) fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteIfMatchETag)
    }

    /// Whether the etag of what is there is compared.
    pub(crate) fn checks_etag(self) -> bool {
        matches!(
            self,
            Self::CreateOrUpdateIfMatchETag
                | Self::UpdateIfMatchETag
                | Self::DeleteIfMatchETag
                | Self::UpdateTwinIfMatchETag
        )
    }

    /// Neither a deletion nor a change of the twin alone.
    pub(crate) fn writes_identity(self) -> bool {
        !self.deletes() && !self.touches_twin_only()
    }

    pub(super) fn touches_twin_only(self) -> bool {
        matches!(self, Self::UpdateTwin | Self::UpdateTwinIfMatchETag)
    }
}
