//! A member that may be absent or `null`.

/// An optional member: a file that has `null` there is written back with `null`, and one without the member without it.
///
/// ```
/// use jobs_devices::{Field, Row};
/// let mut row: Row = r#"{"id":"d1","eTag":null,"status":"enabled"}"#.parse()?;
/// assert!(row.etag.is_null() && row.module_id.is_none());
/// row.etag = Field::Value("MQ==".to_owned());
/// assert_eq!(row.to_line(), r#"{"id":"d1","eTag":"MQ==","status":"enabled"}"#);
/// # Ok::<(), jobs_devices::Misfit>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// The member is absent.
    #[default]
    Absent,
    /// The member is `null`.
    Null,
    /// The member has this value.
    Value(T),
}

impl<T> Field<T> {
    /// Whether there is a value.
    pub const fn is_some(&self) -> bool {
        matches!(self, Self::Value(_))
    }

    /// Whether there is no value: the member is absent or `null`.
    pub const fn is_none(&self) -> bool {
        !self.is_some()
    }

    /// Whether the member is `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value.
    pub const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, to be changed.
    pub const fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// What the value refers to: the text of a `String`.
    pub fn as_deref(&self) -> Option<&T::Target>
    where
        T: std::ops::Deref,
    {
        self.as_ref().map(T::deref)
    }

    /// The value itself.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Takes the value out, which leaves the member absent; a `null` stays.
    pub fn take(&mut self) -> Option<T> {
        if self.is_some() {
            std::mem::take(self).into_option()
        } else {
            None
        }
    }

    /// The value, which is made first where there is none.
    pub fn get_or_insert_with(&mut self, make: impl FnOnce() -> T) -> &mut T {
        if self.is_none() {
            *self = Self::Value(make());
        }
        match self {
            Self::Value(value) => value,
            Self::Absent | Self::Null => unreachable!("it was set above"),
        }
    }
}

impl<T: Clone> Field<T> {
    /// A copy of the value.
    pub fn to_option(&self) -> Option<T> {
        self.as_ref().cloned()
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// `None` means an absent member.
impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

/// The value alone counts: absent and `null` both are `None`.
impl<T: PartialEq> PartialEq<Option<T>> for Field<T> {
    fn eq(&self, other: &Option<T>) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl<T: PartialEq> PartialEq<Field<T>> for Option<T> {
    fn eq(&self, other: &Field<T>) -> bool {
        other == self
    }
}

impl<'f, T> IntoIterator for &'f Field<T> {
    type Item = &'f T;
    type IntoIter = std::option::IntoIter<&'f T>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_ref().into_iter()
    }
}

impl<'f, T> IntoIterator for &'f mut Field<T> {
    type Item = &'f mut T;
    type IntoIter = std::option::IntoIter<&'f mut T>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_mut().into_iter()
    }
}
