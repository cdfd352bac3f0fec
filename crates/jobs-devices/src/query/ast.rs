use std::cmp::Ordering;

/// A whole statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// `TOP n`: at most this many results.
    pub top: Option<u64>,
    /// What is selected.
    pub select: Selection,
    /// Where from.
    pub from: Collection,
    /// The condition after `WHERE`.
    pub filter: Option<Condition>,
    /// The paths after `GROUP BY`, empty without one.
    pub group_by: Vec<Path>,
}

impl Query {
    /// Whether an aggregate is selected or results are grouped, so that a result is not a document.
    pub fn is_aggregate(&self) -> bool {
        let aggregated = match &self.select {
            Selection::All => false,
            Selection::Items(items) => items
                .iter()
                .any(|item| matches!(item.value, Projected::Aggregate(_))),
        };
        aggregated || !self.group_by.is_empty()
    }
}

/// What a statement selects.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Selection {
    /// `*`: the documents as they are.
    All,
    /// A list of members and aggregates.
    Items(Vec<Projection>),
}

/// One selected value with the name it gets in the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// The value.
    pub value: Projected,
    /// The name after `AS`.
    pub alias: Option<String>,
}

impl Projection {
    /// The member of the result that holds the value: the alias, or the last name of the path in the service's
    /// own casing, or the aggregate in lower case (`count`).
    pub fn output_name(&self) -> &str {
        if let Some(alias) = &self.alias {
            return alias;
        }
        match &self.value {
            Projected::Path(path) => path.output_name(),
            Projected::Aggregate(Aggregate::Count) => "count",
            Projected::Aggregate(Aggregate::Avg(_)) => "avg",
            Projected::Aggregate(Aggregate::Sum(_)) => "sum",
            Projected::Aggregate(Aggregate::Min(_)) => "min",
            Projected::Aggregate(Aggregate::Max(_)) => "max",
        }
    }
}

/// A value that can be selected.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Projected {
    /// A member of the document.
    Path(Path),
    /// A value computed over a group.
    Aggregate(Aggregate),
}

/// A value computed over a group of documents; members that are not numbers (for `AVG`, `SUM`) or not there do not count.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Aggregate {
    /// `COUNT()`: the documents.
    Count,
    /// `AVG(path)`.
    Avg(Path),
    /// `SUM(path)`.
    Sum(Path),
    /// `MIN(path)`.
    Min(Path),
    /// `MAX(path)`.
    Max(Path),
}

/// A collection that can stand after `FROM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Collection {
    /// `devices`: device twins.
    Devices,
    /// `devices.modules`: module twins.
    Modules,
    /// `devices.jobs`: the work of scheduled jobs, one record for each job and device.
    Jobs,
}

/// The condition of a `WHERE` clause, a scheduled job or a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub(crate) expr: Option<Expr>,
}

impl Condition {
    /// The condition that every document meets, written `*`.
    pub const fn all() -> Condition {
        Condition { expr: None }
    }

    /// The expression that has to be true; none for `*`.
    pub fn expr(&self) -> Option<&Expr> {
        self.expr.as_ref()
    }
}

impl From<Expr> for Condition {
    fn from(expr: Expr) -> Self {
        Condition { expr: Some(expr) }
    }
}

/// An expression.
///
/// `Display` prints text that parses to the same tree for every tree the parser makes; a tree made by hand has to
/// keep what the variants say about their parts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Expr {
    /// A constant.
    Literal(Literal),
    /// A list: a value of its own, as in `IS_ARRAY([1, 2])`.
    Array(Vec<Expr>),
    /// A member of the document.
    Path(Path),
    /// `NOT x`.
    Not(Box<Expr>),
    /// `-x`.
    Negate(Box<Expr>),
    /// `a AND b AND …`: at least two.
    And(Vec<Expr>),
    /// `a OR b OR …`: at least two.
    Or(Vec<Expr>),
    /// `a = b` and its kin.
    Compare {
        /// The operator.
        op: CompareOp,
        /// Left of it.
        left: Box<Expr>,
        /// Right of it.
        right: Box<Expr>,
    },
    /// `a + b` and its kin.
    Arithmetic {
        /// The operator.
        op: ArithmeticOp,
        /// Left of it.
        left: Box<Expr>,
        /// Right of it.
        right: Box<Expr>,
    },
    /// `x IN [a, b]`, and `x NIN [a, b]` when negated.
    In {
        /// The value looked for.
        needle: Box<Expr>,
        /// The list looked through.
        list: Vec<Expr>,
        /// Whether it is `NIN`.
        negated: bool,
    },
    /// A call, with as many arguments as [`Function::arity`](super::Function::arity) allows.
    Call {
        /// The function.
        function: super::Function,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// `undefined`.
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
}

/// A number: whole numbers are exact in the range of `i64`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other; never infinite, never NaN.
    Float(f64),
}

impl Number {
    /// The number as a float, rounded when it has more than 53 bits.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Integer(whole) => whole as f64,
            Number::Float(float) => float,
        }
    }

    /// The float as a number, whole ones as integers; none for infinities and NaN.
    pub fn from_f64(float: f64) -> Option<Number> {
        // Whole floats below 2^53 in size convert without loss.
        if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
            Some(Number::Integer(float as i64))
        } else if float.is_finite() {
            Some(Number::Float(float))
        } else {
            None
        }
    }
}

/// `1` and `1.0` are the same number.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`, also written `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`, a fraction also between whole numbers
    Div,
    /// `%`, with the sign of the left operand
    Rem,
}

/// The way to a member of the document: a name, then names and positions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    pub(crate) root: String,
    pub(crate) rest: Vec<Segment>,
}

/// A step of a [`Path`] after its first name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Segment {
    /// A member of an object.
    Key(String),
    /// A position in an array, from zero.
    Index(u32),
}

impl Path {
    /// A path of one name; none when the language cannot write that name at the start of a path: it is empty, spells a
    /// constant, starts like a number or has quotes, brackets, commas or control characters in it.
    pub fn new(root: &str) -> Option<Path> {
        super::names::root_is_writable(root).then(|| Path {
            root: root.to_owned(),
            rest: Vec::new(),
        })
    }

    /// The path to a member of this one.
    #[must_use]
    pub fn key(mut self, name: impl Into<String>) -> Path {
        self.rest.push(Segment::Key(name.into()));
        self
    }

    /// The path to a position in this one.
    #[must_use]
    pub fn index(mut self, position: u32) -> Path {
        self.rest.push(Segment::Index(position));
        self
    }

    /// The first name.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The steps after it.
    pub fn rest(&self) -> &[Segment] {
        &self.rest
    }

    fn output_name(&self) -> &str {
        let last_key = self.rest.iter().rev().find_map(|step| match step {
            Segment::Key(name) => Some(name.as_str()),
            Segment::Index(_) => None,
        });
        last_key.unwrap_or_else(|| super::names::canonical_name(&self.root).unwrap_or(&self.root))
    }
}
