use std::fmt;

/// A built-in function of the language (public reference, "Expressions and conditions").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Function {
    /// `IS_DEFINED(x)`: whether the member is there, `null` included.
    IsDefined,
    /// `IS_NULL(x)`: whether the value is `null`; false where there is none.
    IsNull,
    /// `IS_BOOL(x)`, also written `IS_BOOLEAN`.
    IsBool,
    /// `IS_NUMBER(x)`.
    IsNumber,
    /// `IS_STRING(x)`.
    IsString,
    /// `IS_OBJECT(x)`.
    IsObject,
    /// `IS_ARRAY(x)`.
    IsArray,
    /// `IS_PRIMITIVE(x)`: a string, boolean, number or `null`.
    IsPrimitive,
    /// `AS_NUMBER(x)`: a number as it is, a string as the number it spells, else undefined.
    AsNumber,
    /// `ABS(x)`.
    Abs,
    /// `EXP(x)`: e to the power of x.
    Exp,
    /// `POWER(x, y)`.
    Power,
    /// `SQUARE(x)`.
    Square,
    /// `CEILING(x)`.
    Ceiling,
    /// `FLOOR(x)`.
    Floor,
    /// `SIGN(x)`: 1, 0 or -1.
    Sign,
    /// `SQRT(x)`.
    Sqrt,
    /// `CONCAT(x, y, …)`.
    Concat,
    /// `LENGTH(x)`: characters of a string.
    Length,
    /// `LOWER(x)`.
    Lower,
    /// `UPPER(x)`.
    Upper,
    /// `SUBSTRING(x, start [, length])`: characters from the zero-based start.
    Substring,
    /// `INDEX_OF(x, part)`: zero-based character position, -1 when it is not in there.
    IndexOf,
    /// `STARTS_WITH(x, part)`, as the documentation has it; the vendor's samples write `STARTSWITH`.
    StartsWith,
    /// `ENDS_WITH(x, part)`, or `ENDSWITH`.
    EndsWith,
    /// `CONTAINS(x, part)`.
    Contains,
}

/// Name, least and most arguments of each function; the first name of a function is the one printed.
const TABLE: &[(&str, Function, usize, usize)] = &[
    ("IS_DEFINED", Function::IsDefined, 1, 1),
    ("IS_NULL", Function::IsNull, 1, 1),
    ("IS_BOOL", Function::IsBool, 1, 1),
    ("IS_BOOLEAN", Function::IsBool, 1, 1),
    ("IS_NUMBER", Function::IsNumber, 1, 1),
    ("IS_STRING", Function::IsString, 1, 1),
    ("IS_OBJECT", Function::IsObject, 1, 1),
    ("IS_ARRAY", Function::IsArray, 1, 1),
    ("IS_PRIMITIVE", Function::IsPrimitive, 1, 1),
    ("AS_NUMBER", Function::AsNumber, 1, 1),
    ("ABS", Function::Abs, 1, 1),
    ("EXP", Function::Exp, 1, 1),
    ("POWER", Function::Power, 2, 2),
    ("SQUARE", Function::Square, 1, 1),
    ("CEILING", Function::Ceiling, 1, 1),
    ("FLOOR", Function::Floor, 1, 1),
    ("SIGN", Function::Sign, 1, 1),
    ("SQRT", Function::Sqrt, 1, 1),
    ("CONCAT", Function::Concat, 2, usize::MAX),
    ("LENGTH", Function::Length, 1, 1),
    ("LOWER", Function::Lower, 1, 1),
    ("UPPER", Function::Upper, 1, 1),
    ("SUBSTRING", Function::Substring, 2, 3),
    ("INDEX_OF", Function::IndexOf, 2, 2),
    ("STARTS_WITH", Function::StartsWith, 2, 2),
    ("STARTSWITH", Function::StartsWith, 2, 2),
    ("ENDS_WITH", Function::EndsWith, 2, 2),
    ("ENDSWITH", Function::EndsWith, 2, 2),
    ("CONTAINS", Function::Contains, 2, 2),
];

impl Function {
    /// The function of that name, in any case.
    pub fn from_name(name: &str) -> Option<Function> {
        TABLE
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name))
            .map(|&(_, function, ..)| function)
    }

    /// The name as the reference writes it.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The least and the most arguments; `CONCAT` has no most (`usize::MAX`).
    pub fn arity(self) -> (usize, usize) {
        let (_, _, least, most) = self.entry();
        (least, most)
    }

    fn entry(self) -> (&'static str, Function, usize, usize) {
        // Every variant has its line in the table, which a test holds to.
        TABLE
            .iter()
            .copied()
            .find(|&(_, function, ..)| function == self)
            .unwrap_or(TABLE[0])
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|&(name, ..)| name)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_a_function_that_prints_a_name_finding_it_again() {
        for (name, function, least, most) in TABLE {
            assert_eq!(Function::from_name(&name.to_lowercase()), Some(*function));
            assert_eq!(Function::from_name(function.name()), Some(*function));
            assert_eq!(function.arity(), (*least, *most));
        }
    }
}
