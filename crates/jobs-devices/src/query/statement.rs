//! The clauses around a condition.

use super::ast::*;
use super::cursor::Parser;
use super::error::ParseError;
use super::lexer::{Token, is_keyword};

/// Reads a whole statement.
///
/// What the service documents as unsupported is refused here: anything but `SELECT *` from `devices.jobs`, and a
/// member beside aggregates that is not grouped by.
///
/// # Errors
///
/// [`ParseError`] with the place, what stands there and what was expected.
pub fn parse_query(text: &str) -> Result<Query, ParseError> {
    let mut parser = Parser::new(text)?;
    parser.clause("SELECT")?;
    let top = parser.top()?;
    let select_at = parser.position();
    let (select, item_places) = parser.selection()?;
    parser.clause("FROM")?;
    let from = parser.collection()?;
    let filter = match parser.take_word("WHERE") {
        true => Some(parser.condition()?),
        false => None,
    };
    let group_at = parser.position();
    let group_by = parser.group_by()?;
    let next = match (filter.is_some(), group_by.is_empty()) {
        (_, false) => "`,` or the end of the query",
        (true, true) => "AND, OR, GROUP BY or the end of the query",
        (false, true) => "WHERE, GROUP BY or the end of the query",
    };
    if parser.peek_word("ORDER") {
        let error = parser.unexpected(next);
        return Err(error.hint("the language has no ORDER BY; sort the results"));
    }
    parser.end(next)?;
    let query = Query {
        top,
        select,
        from,
        filter,
        group_by,
    };
    check(&query, &parser, select_at, &item_places, group_at)?;
    Ok(query)
}

impl std::str::FromStr for Query {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_query(text)
    }
}

/// What the grammar allows and the service does not.
fn check(
    query: &Query,
    parser: &Parser<'_>,
    select_at: usize,
    item_places: &[usize],
    group_at: usize,
) -> Result<(), ParseError> {
    if query.from == Collection::Jobs {
        if query.select != Selection::All {
            return Err(parser.error_at(select_at, "`*`, the only selection from devices.jobs"));
        }
        if !query.group_by.is_empty() {
            return Err(parser.error_at(group_at, "the end: devices.jobs cannot be grouped"));
        }
    }
    if !query.is_aggregate() {
        return Ok(());
    }
    let Selection::Items(items) = &query.select else {
        return Err(parser.error_at(
            select_at,
            "members and aggregates, for the results are grouped",
        ));
    };
    for (item, place) in items.iter().zip(item_places) {
        if let Projected::Path(path) = &item.value
            && !query
                .group_by
                .iter()
                .any(|grouped| same_member(grouped, path))
        {
            return Err(parser
                .error_at(
                    *place,
                    "an aggregate or a member that the results are grouped by",
                )
                .hint(format!("add {path} to GROUP BY")));
        }
    }
    Ok(())
}

fn same_member(a: &Path, b: &Path) -> bool {
    a.root.eq_ignore_ascii_case(&b.root) && a.rest == b.rest
}

impl Parser<'_> {
    fn clause(&mut self, word: &str) -> Result<(), ParseError> {
        if self.take_word(word) {
            return Ok(());
        }
        let expected = match word {
            "FROM" => "`,`, AS or FROM",
            _ => word,
        };
        Err(self.unexpected(expected))
    }

    fn top(&mut self) -> Result<Option<u64>, ParseError> {
        if !(self.peek_word("TOP") && self.number_after()) {
            return Ok(None);
        }
        self.advance();
        let count = match &self.peek().token {
            Token::Number(digits) => digits.parse().ok(),
            _ => None,
        };
        let Some(count) = count else {
            return Err(self.unexpected("a whole number of results"));
        };
        self.advance();
        Ok(Some(count))
    }

    /// The selection, and the place of each of its items.
    fn selection(&mut self) -> Result<(Selection, Vec<usize>), ParseError> {
        if self.take_symbol("*") {
            return Ok((Selection::All, Vec::new()));
        }
        let mut items = Vec::new();
        let mut places = Vec::new();
        loop {
            places.push(self.position());
            items.push(self.projection()?);
            if !self.take_symbol(",") {
                return Ok((Selection::Items(items), places));
            }
        }
    }

    fn projection(&mut self) -> Result<Projection, ParseError> {
        let value = match &self.peek().token {
            Token::Word(word) if self.symbol_after("(") => {
                let word = word.to_ascii_uppercase();
                Projected::Aggregate(self.aggregate(&word)?)
            }
            Token::Word(word) if is_keyword(word) => {
                return Err(self.unexpected("`*`, a member or an aggregate"));
            }
            Token::Word(_) | Token::Escaped(_) => Projected::Path(self.path()?),
            _ => return Err(self.unexpected("`*`, a member or an aggregate")),
        };
        let alias = match self.take_word("AS") {
            true => Some(self.alias()?),
            false => None,
        };
        Ok(Projection { value, alias })
    }

    fn aggregate(&mut self, word: &str) -> Result<Aggregate, ParseError> {
        let over: fn(Path) -> Aggregate = match word {
            "COUNT" => |_| Aggregate::Count,
            "AVG" => Aggregate::Avg,
            "SUM" => Aggregate::Sum,
            "MIN" => Aggregate::Min,
            "MAX" => Aggregate::Max,
            _ => return Err(self.unexpected("COUNT, AVG, SUM, MIN, MAX or a member")),
        };
        self.advance();
        self.advance();
        let aggregate = if word == "COUNT" {
            self.take_symbol("*");
            Aggregate::Count
        } else {
            over(self.path()?)
        };
        self.expect_symbol(")", "`)`")?;
        Ok(aggregate)
    }

    fn alias(&mut self) -> Result<String, ParseError> {
        let name = match &self.peek().token {
            Token::Word(word) if is_keyword(word) => None,
            Token::Word(name) | Token::Escaped(name) => Some(name.clone()),
            _ => None,
        };
        let name = name.ok_or_else(|| self.unexpected("a name"))?;
        self.advance();
        Ok(name)
    }

    fn collection(&mut self) -> Result<Collection, ParseError> {
        const EXPECTED: &str = "devices, devices.modules or devices.jobs";
        let start = self.position();
        if !self.take_word("devices") {
            return Err(self.unexpected(EXPECTED));
        }
        if !self.take_symbol(".") {
            return Ok(Collection::Devices);
        }
        if self.take_word("modules") {
            Ok(Collection::Modules)
        } else if self.take_word("jobs") {
            Ok(Collection::Jobs)
        } else {
            Err(self.error_at(start + 2, EXPECTED))
        }
    }

    fn group_by(&mut self) -> Result<Vec<Path>, ParseError> {
        let mut paths = Vec::new();
        if !self.take_word("GROUP") {
            return Ok(paths);
        }
        if !self.take_word("BY") {
            return Err(self.unexpected("BY"));
        }
        loop {
            paths.push(self.path()?);
            if !self.take_symbol(",") {
                return Ok(paths);
            }
        }
    }
}
