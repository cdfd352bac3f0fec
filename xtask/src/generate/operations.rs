//! What the generated operations need besides.
//!
//! * the address comes from the seam, which reads the base URL once and adds the version of the API: made from text anew, it is parsed
//!   anew for each request, and that costs more than everything else that an operation does;
//! * the header `api-version` goes: the hub does not know it, it wants the query parameter;
//! * the model of a success is read by the seam, which may have the body already.
//!
//! An operation that does not look as expected fails the task: a change of the generator must not undo this unseen.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, ImplItem, ImplItemFn, ItemImpl, Lit, Pat, Stmt, Token, parse_quote};

use crate::{Problem, Result};

/// Polishes the operations of one `impl Client`; a block without any is left as it is.
pub(super) fn polish(block: &mut ItemImpl) -> Result<()> {
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item
            && function.sig.asyncness.is_some()
        {
            operation(function).ok_or_else(|| {
                Problem::new(format!(
                    "the generator writes `{}` in a way that is not known here; see xtask/src/generate/operations.rs",
                    function.sig.ident
                ))
            })?;
        }
    }
    Ok(())
}

fn operation(function: &mut ImplItemFn) -> Option<()> {
    let statements = &mut function.block.stmts;
    let url = statements.iter_mut().find_map(|s| value_of(s, "url"))?;
    *url = address(url)?;
    let version: Expr = parse_quote!(::reqwest::header::HeaderName::from_static("api-version"));
    let names_version = |statement: &Stmt| matches!(statement, Stmt::Expr(Expr::MethodCall(call), _) if call.args.first() == Some(&version));
    let at = statements.iter().position(names_version)?;
    statements.remove(at);
    // Made for one header, it is empty now.
    let alone: Expr = parse_quote!(::reqwest::header::HeaderMap::with_capacity(1usize));
    let empty = statements
        .iter_mut()
        .position(|s| value_of(s, "header_map").is_some_and(|value| *value == alone));
    if let Some(at) = empty {
        statements.remove(at);
        let request = statements.iter_mut().find_map(|s| value_of(s, "request"))?;
        drop_headers(request)?;
    }
    let Some(Stmt::Expr(Expr::Match(answer), _)) = statements.last_mut() else {
        return None;
    };
    let model: Expr = parse_quote!(ResponseValue::from_response(response).await);
    let nothing: Expr = parse_quote!(Ok(ResponseValue::empty(response)));
    let mut successes = 0;
    for arm in &mut answer.arms {
        let body = inside(&arm.body);
        successes += usize::from(*body == model || *body == nothing);
        if *body == model {
            arm.body = parse_quote!(self.read(response).await);
        }
    }
    (successes > 0).then_some(())
}

/// The expression that a block consists of.
fn inside(value: &Expr) -> &Expr {
    match value {
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(only, None)] => inside(only),
            _ => value,
        },
        _ => value,
    }
}

/// `format!("{}/jobs/{}", self.baseurl, id)` becomes `self.url(format_args!("/jobs/{}", id))?`.
fn address(value: &Expr) -> Option<Expr> {
    let Expr::Macro(call) = value else {
        return None;
    };
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated
        .parse2(call.mac.tokens.clone())
        .ok()?;
    let mut arguments = arguments.into_iter();
    let (Some(Expr::Lit(format)), Some(base)) = (arguments.next(), arguments.next()) else {
        return None;
    };
    let Lit::Str(format) = &format.lit else {
        return None;
    };
    if base != parse_quote!(self.baseurl) {
        return None;
    }
    let path = syn::LitStr::new(format.value().strip_prefix("{}")?, format.span());
    Some(parse_quote!(
        self.url(format_args!(#path #(, #arguments)*))?
    ))
}

/// Takes `.headers(header_map)` out of a chain of calls.
fn drop_headers(chain: &mut Expr) -> Option<()> {
    match chain {
        Expr::Try(tried) => drop_headers(&mut tried.expr),
        Expr::MethodCall(call) if call.method == "headers" => {
            *chain = (*call.receiver).clone();
            Some(())
        }
        Expr::MethodCall(call) => drop_headers(&mut call.receiver),
        _ => None,
    }
}

/// The value that `let name = value;` gives.
fn value_of<'a>(statement: &'a mut Stmt, name: &str) -> Option<&'a mut Expr> {
    let Stmt::Local(local) = statement else {
        return None;
    };
    let Pat::Ident(pattern) = &local.pat else {
        return None;
    };
    if pattern.ident != name {
        return None;
    }
    local.init.as_mut().map(|init| &mut *init.expr)
}
