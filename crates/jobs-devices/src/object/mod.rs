//! Objects of JSON whose members are known: a table names the members, generic code does the rest.
//!
//! A table of [`object!`] lists the members of one object in the order in which the service writes them, each with its type and its
//! name on the wire. It becomes the struct, the struct of the places that these members have in a line, and an [`Object`] that
//! passes every member to the same functions: those of [`Member`], which treat `null`, absence and repetition, and those of
//! [`Value`], which know one type. Reading, writing, queries, tables and checks go through these traits.
//!
//! So a new member is one line in a table. What only a person can decide, such as a rule of the service or a pseudonym, is a line
//! where that is decided.

use crate::{
    field::{Misfit, members},
    members::Members,
    scan::{Span, Unfit},
    text::ObjectWriter,
};

mod field;
mod source;
mod value;

pub use self::field::Field;
#[cfg(feature = "transform")]
pub(crate) use self::value::push_texts;
pub(crate) use self::{
    source::{PlainSource, Raw, Source},
    value::{Located, Member, Value},
};

/// What a type is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A string.
    Text,
    /// One of these strings, in any case.
    Word(&'static [&'static str]),
    Bool,
    Integer,
    /// An array of strings.
    Texts,
    /// An object of the user, kept as text.
    Json,
    /// An object with a table of its own.
    Object(Table),
}

/// A member of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) is_required: bool,
    /// What its documentation says.
    pub(crate) about: &'static str,
}

/// The members of an object, in the order in which the service writes them.
pub(crate) type Table = &'static [Known];

/// What a member has, whatever its type.
#[derive(Clone, Copy)]
pub(crate) enum Held<'r> {
    Absent,
    Null,
    Text(&'r str),
    Bool(bool),
    Integer(i64),
    Texts(&'r [String]),
    /// The text of any JSON value.
    Json(&'r str),
    Object(&'r dyn Node),
}

/// An object with a table: what the table makes.
pub(crate) trait Object: Default {
    /// Where the members are in a line.
    type Places: Located;
    const TABLE: Table;

    /// Sets the member at the path from its JSON. `false` for a name that the table does not have.
    fn set(&mut self, path: &[&str], json: &str) -> Result<bool, Misfit>;
    /// Writes the members of the table.
    fn write_members(&self, object: &mut ObjectWriter<'_>);
    fn held(&self, name: &str) -> Held<'_>;
    fn extra(&self) -> &Members;
    fn extra_mut(&mut self) -> &mut Members;
    /// Reads the member of that name. `false`, and nothing read, for a name that the table does not have.
    fn find<S: Source>(
        places: &mut Self::Places,
        name: &[u8],
        source: &mut S,
    ) -> Result<bool, Unfit>;
    /// Where the member at the path is; an empty span when there is none.
    fn place(places: &Self::Places, path: &[&str]) -> Span;
    /// The object whose members are at these places.
    fn take(places: &Self::Places, line: &[u8]) -> Result<Self, Misfit>;

    /// Sets a member from its JSON, one that the table does not have too.
    fn set_any(&mut self, name: &str, json: &str) -> Result<(), Misfit> {
        if self.set(&[name], json)? {
            Ok(())
        } else {
            self.extra_mut().push(name, json)
        }
    }

    /// Reads the object; the last of several members with one name wins.
    fn read(json: &str) -> Result<Self, Misfit> {
        let mut object = Self::default();
        members(json, |name, json| object.set_any(&name, json))?;
        Ok(object)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.write_with(ObjectWriter::begin(out));
    }

    fn write_with(&self, mut object: ObjectWriter<'_>) {
        self.write_members(&mut object);
        self.extra().write(&mut object);
        object.end();
    }
}

/// An [`Object`] of any type.
pub(crate) trait Node {
    fn table(&self) -> Table;
    /// What the member of that name in the table has.
    fn held(&self, name: &str) -> Held<'_>;
    fn extra(&self) -> &Members;
}

impl<T: Object> Node for T {
    fn table(&self) -> Table {
        T::TABLE
    }

    fn held(&self, name: &str) -> Held<'_> {
        Object::held(self, name)
    }

    fn extra(&self) -> &Members {
        Object::extra(self)
    }
}

/// Calls `each` for an object and for all objects with a table in it, with the path that leads there: `authentication.symmetricKey`.
#[cfg(feature = "transform")]
pub(crate) fn each_object<'r>(
    path: &str,
    node: &'r dyn Node,
    each: &mut dyn FnMut(&str, &'r dyn Node),
) {
    each(path, node);
    for known in node.table() {
        if let Held::Object(inner) = node.held(known.name) {
            each_object(&joined(path, known.name), inner, each);
        }
    }
}

/// Calls `each` with the path and the shape of each member of a table; for an object, of its members in its place.
#[cfg(feature = "transform")]
pub(crate) fn each_leaf(
    path: &mut Vec<&'static str>,
    table: Table,
    each: &mut dyn FnMut(&[&'static str], Shape),
) {
    for known in table {
        path.push(known.name);
        match known.shape {
            Shape::Object(inner) => each_leaf(path, inner, each),
            shape => each(path, shape),
        }
        path.pop();
    }
}

/// What the member at the path has.
#[cfg(feature = "transform")]
pub(crate) fn held_at<'r>(node: &'r dyn Node, path: &[&str]) -> Held<'r> {
    path.iter()
        .fold(Held::Object(node), |held, name| match held {
            Held::Object(node) => node.held(name),
            _ => Held::Absent,
        })
}

/// The path of a member of the object at `path`.
#[cfg(feature = "transform")]
pub(crate) fn joined(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Makes an [`Object`] of a table: `field: Type = "name on the wire"`.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $name:ident at $places:ident {
            $($(#[doc = $doc:literal])* $field:ident: $type:ty = $wire:literal,)*
        }
        $(with { $($(#[$more_doc:meta])* $more:ident: $more_type:ty,)* })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[doc = $doc])* pub $field: $type,)*
            /// Members this crate does not know, in their order.
            pub extra: $crate::members::Members,
            $($($(#[$more_doc])* pub $more: $more_type,)*)?
        }

        /// Where the members are in a line.
        #[derive(Clone, Copy, Default)]
        pub(crate) struct $places {
            pub(crate) whole: $crate::scan::Span,
            $(pub(crate) $field: <$type as $crate::object::Member>::Place,)*
        }

        impl $crate::object::Located for $places {
            fn whole(&self) -> $crate::scan::Span {
                self.whole
            }

            #[inline(always)]
            fn set_whole(&mut self, whole: $crate::scan::Span) {
                self.whole = whole;
            }
        }

        impl $crate::object::Object for $name {
            type Places = $places;
            const TABLE: $crate::object::Table = &[$($crate::object::Known {
                name: $wire,
                shape: <$type as $crate::object::Member>::SHAPE,
                is_required: <$type as $crate::object::Member>::IS_REQUIRED,
                about: concat!($($doc),*),
            }),*];

            fn set(&mut self, path: &[&str], json: &str) -> Result<bool, $crate::field::Misfit> {
                let (name, rest) = path.split_first().unwrap_or((&"", &[]));
                match *name {
                    $($wire => $crate::object::Member::set(&mut self.$field, rest, json)
                        .map_err(|misfit| misfit.within($wire))?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn write_members(&self, object: &mut $crate::text::ObjectWriter<'_>) {
                $($crate::object::Member::write(&self.$field, $wire, object);)*
            }

            fn held(&self, name: &str) -> $crate::object::Held<'_> {
                match name {
                    $($wire => $crate::object::Member::held(&self.$field),)*
                    _ => $crate::object::Held::Absent,
                }
            }

            fn extra(&self) -> &$crate::members::Members {
                &self.extra
            }

            fn extra_mut(&mut self) -> &mut $crate::members::Members {
                &mut self.extra
            }

            #[inline(always)]
            fn find<S: $crate::object::Source>(
                places: &mut $places,
                name: &[u8],
                source: &mut S,
            ) -> Result<bool, $crate::scan::Unfit> {
                match name {
                    $(name if name == $wire.as_bytes() =>
                        <$type as $crate::object::Member>::find(&mut places.$field, source)?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn place(places: &$places, path: &[&str]) -> $crate::scan::Span {
                let Some((name, rest)) = path.split_first() else {
                    return places.whole;
                };
                match *name {
                    $($wire => <$type as $crate::object::Member>::place(&places.$field, rest),)*
                    _ => $crate::scan::Span::default(),
                }
            }

            fn take(places: &$places, line: &[u8]) -> Result<Self, $crate::field::Misfit> {
                Ok(Self {
                    $($field: <$type as $crate::object::Member>::take(&places.$field, line)
                        .map_err(|misfit| misfit.within($wire))?,)*
                    extra: Default::default(),
                    $($($more: Default::default(),)*)?
                })
            }
        }
    };
}
pub(crate) use object;
