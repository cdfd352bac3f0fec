//! The members of an object and the types that they have.

use super::{Field, Held, Object, Raw, Shape, Source};
use crate::{
    Key,
    field::{Misfit, string},
    json::{JsonObject, kind_of},
    scan::{Span, Unfit},
    text::{ObjectWriter, push_string},
};

/// A member of an object with a table.
pub(crate) trait Member: Sized {
    type Place: Copy + Default;
    const SHAPE: Shape;
    const IS_REQUIRED: bool = false;

    /// Sets the member from its JSON, or what the path leads to in its object.
    fn set(&mut self, path: &[&str], json: &str) -> Result<(), Misfit>;
    /// Writes the name and the value, unless the member is absent.
    fn write(&self, name: &str, object: &mut ObjectWriter<'_>);
    fn held(&self) -> Held<'_>;
    /// Reads the member and says where it is.
    fn find<S: Source>(place: &mut Self::Place, source: &mut S) -> Result<(), Unfit>;
    fn place(place: &Self::Place, path: &[&str]) -> Span;
    fn take(place: &Self::Place, line: &[u8]) -> Result<Self, Misfit>;
}

/// Where a value is in its line.
pub(crate) trait Located: Copy + Default {
    fn whole(&self) -> Span;
    fn set_whole(&mut self, whole: Span);
}

impl Located for Span {
    fn whole(&self) -> Span {
        *self
    }

    #[inline(always)]
    fn set_whole(&mut self, whole: Span) {
        *self = whole;
    }
}

/// A type of members. What is given here is for those that are not objects with a table.
pub(crate) trait Value: Sized {
    type Place: Located;
    const SHAPE: Shape;

    fn from_json(json: &str) -> Result<Self, Misfit>;
    fn write(&self, out: &mut Vec<u8>);
    fn held(&self) -> Held<'_>;

    /// Sets what the path leads to in the value.
    fn set_in(_: &mut Field<Self>, _: &[&str], json: &str) -> Result<(), Misfit> {
        Err(Misfit::expected("an object", kind_of(json)))
    }

    #[inline(always)]
    fn find<S: Source>(place: &mut Self::Place, source: &mut S) -> Result<(), Unfit> {
        let (span, is_checked) = match Self::SHAPE {
            // A string with an escape is rare enough to be decoded twice; half of a surrogate pair must not pass.
            Shape::Text | Shape::Word(_) => (source.this_or_null(b'"')?, !source.has_escapes()),
            Shape::Json | Shape::Object(_) => (source.this_or_null(b'{')?, true),
            Shape::Bool | Shape::Integer | Shape::Texts => (source.value()?, false),
        };
        place.set_whole(span);
        let raw = source.raw(span);
        if is_checked || raw.is_null() || Self::from_json(raw.text()).is_ok() {
            Ok(())
        } else {
            Err(Unfit)
        }
    }

    fn place(place: &Self::Place, path: &[&str]) -> Span {
        if path.is_empty() {
            place.whole()
        } else {
            Span::default()
        }
    }

    /// The value whose text is not `null`.
    fn take(_: &Self::Place, json: &str, _: &[u8]) -> Result<Self, Misfit> {
        Self::from_json(json)
    }
}

impl<T: Object> Value for T {
    type Place = T::Places;
    const SHAPE: Shape = Shape::Object(T::TABLE);

    fn from_json(json: &str) -> Result<Self, Misfit> {
        T::read(json)
    }

    fn write(&self, out: &mut Vec<u8>) {
        Object::write(self, out);
    }

    fn held(&self) -> Held<'_> {
        Held::Object(self)
    }

    fn set_in(field: &mut Field<Self>, path: &[&str], json: &str) -> Result<(), Misfit> {
        let object = field.get_or_insert_with(T::default);
        object.set(path, json).map(drop)
    }

    #[inline(always)]
    fn find<S: Source>(places: &mut T::Places, source: &mut S) -> Result<(), Unfit> {
        *places = T::Places::default();
        let whole = if source.first_byte() == b'{' {
            source.object(|source, name| <T as Object>::find(places, name, source))?
        } else {
            source.this_or_null(b'{')?
        };
        places.set_whole(whole);
        Ok(())
    }

    fn place(places: &T::Places, path: &[&str]) -> Span {
        <T as Object>::place(places, path)
    }

    fn take(places: &T::Places, _: &str, line: &[u8]) -> Result<Self, Misfit> {
        <T as Object>::take(places, line)
    }
}

impl<T: Value> Member for Field<T> {
    type Place = T::Place;
    const SHAPE: Shape = T::SHAPE;

    fn set(&mut self, path: &[&str], json: &str) -> Result<(), Misfit> {
        match (path, json) {
            ([], "null") => *self = Self::Null,
            ([], json) => *self = Self::Value(T::from_json(json)?),
            (path, json) => T::set_in(self, path, json)?,
        }
        Ok(())
    }

    fn write(&self, name: &str, object: &mut ObjectWriter<'_>) {
        match self {
            Self::Absent => {}
            Self::Null => object.name(name).extend_from_slice(b"null"),
            Self::Value(value) => value.write(object.name(name)),
        }
    }

    fn held(&self) -> Held<'_> {
        match self {
            Self::Absent => Held::Absent,
            Self::Null => Held::Null,
            Self::Value(value) => Value::held(value),
        }
    }

    #[inline(always)]
    fn find<S: Source>(place: &mut T::Place, source: &mut S) -> Result<(), Unfit> {
        T::find(place, source)
    }

    fn place(place: &T::Place, path: &[&str]) -> Span {
        T::place(place, path)
    }

    fn take(place: &T::Place, line: &[u8]) -> Result<Self, Misfit> {
        let raw = Raw::of(T::place(place, &[]), line);
        if raw.is_absent() {
            Ok(Self::Absent)
        } else if raw.is_null() {
            Ok(Self::Null)
        } else {
            T::take(place, raw.text(), line).map(Self::Value)
        }
    }
}

/// A text that is always there.
impl Member for String {
    type Place = Span;
    const SHAPE: Shape = Shape::Text;
    const IS_REQUIRED: bool = true;

    fn set(&mut self, _: &[&str], json: &str) -> Result<(), Misfit> {
        *self = <String as Value>::from_json(json)?;
        Ok(())
    }

    fn write(&self, name: &str, object: &mut ObjectWriter<'_>) {
        push_string(object.name(name), self);
    }

    fn held(&self) -> Held<'_> {
        Held::Text(self)
    }

    #[inline(always)]
    fn find<S: Source>(place: &mut Span, source: &mut S) -> Result<(), Unfit> {
        // `null` is refused, even where another member of that name follows.
        if source.first_byte() == b'"' {
            <String as Value>::find(place, source)
        } else {
            Err(Unfit)
        }
    }

    fn place(place: &Span, path: &[&str]) -> Span {
        <String as Value>::place(place, path)
    }

    fn take(place: &Span, line: &[u8]) -> Result<Self, Misfit> {
        <String as Value>::from_json(Raw::of(*place, line).text())
    }
}

/// The other types: shape, how to read one, how to write one, and what it holds.
macro_rules! leaves {
    ($($type:ty: $shape:expr, $read:expr, $write:expr, $held:expr;)*) => {$(
        impl Value for $type {
            type Place = Span;
            const SHAPE: Shape = $shape;

            fn from_json(json: &str) -> Result<Self, Misfit> {
                let read: fn(&str) -> Result<Self, Misfit> = $read;
                read(json)
            }

            fn write(&self, out: &mut Vec<u8>) {
                let write: fn(&Self, &mut Vec<u8>) = $write;
                write(self, out);
            }

            fn held(&self) -> Held<'_> {
                let held: for<'r> fn(&'r Self) -> Held<'r> = $held;
                held(self)
            }
        }
    )*};
}

leaves! {
    String: Shape::Text,
        |json| string(json).map(Into::into),
        |text, out| push_string(out, text),
        |text| Held::Text(text);
    Key: Shape::Text,
        |json| string(json).map(Key::new),
        |key, out| push_string(out, key.expose()),
        |key| Held::Text(key.expose());
    bool: Shape::Bool,
        read_bool,
        |flag, out| out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        |flag| Held::Bool(*flag);
    i64: Shape::Integer,
        read_integer,
        |number, out| out.extend_from_slice(number.to_string().as_bytes()),
        |number| Held::Integer(*number);
    Vec<String>: Shape::Texts,
        read_texts,
        |texts, out| push_texts(out, texts),
        |texts| Held::Texts(texts);
    JsonObject: Shape::Json,
        read_object,
        |object, out| out.extend_from_slice(object.as_str().as_bytes()),
        |object| Held::Json(object.as_str());
}

fn read_bool(json: &str) -> Result<bool, Misfit> {
    match json {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Misfit::expected("true or false", kind_of(json))),
    }
}

fn read_integer(json: &str) -> Result<i64, Misfit> {
    json.parse()
        .map_err(|_| Misfit::expected("a whole number", kind_of(json)))
}

fn read_object(json: &str) -> Result<JsonObject, Misfit> {
    if json.starts_with('{') {
        Ok(JsonObject::from_checked(json))
    } else {
        Err(Misfit::expected("an object", kind_of(json)))
    }
}

/// How many texts a list has: a line of 1 MiB cannot have as many.
const MOST_TEXTS: usize = 350_000;

fn read_texts(json: &str) -> Result<Vec<String>, Misfit> {
    if json.matches(',').take(MOST_TEXTS).count() == MOST_TEXTS {
        return Err(Misfit::expected("at most 350,000 texts", "more of them"));
    }
    serde_json::from_str(json).map_err(|_| Misfit::expected("an array of strings", kind_of(json)))
}

pub(crate) fn push_texts(out: &mut Vec<u8>, texts: &[String]) {
    out.push(b'[');
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_string(out, text);
    }
    out.push(b']');
}
