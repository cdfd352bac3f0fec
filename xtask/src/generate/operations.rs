//! What the generated operations need besides.
//!
//! * the address comes from the seam, which reads the base URL once and adds the version of the API: made from text anew, it is parsed
//!   anew for each request, and that costs more than everything else that an operation does;
//! * the header `api-version` goes: the hub does not know it, it wants the query parameter;
//! * the request goes out through one function of the seam: three hooks that are awaited one after the other keep the request, which is
//!   large, in every call that is in flight, and what no hook touches needs no `mut`;
//! * the model of a success is read by the seam, which may have the body already.
//!
//! An operation that does not look as expected, or a request that goes out past the seam, fails the task: a change of the generator must
//! not undo this unseen.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{
    Expr, ExprMethodCall, ImplItem, ImplItemFn, ItemImpl, Lit, Local, Pat, Stmt, Token, parse_quote,
};

use crate::{Problem, Result};

/// Polishes the operations of one `impl Client`, and counts them; a block without any is left as it is.
pub(super) fn polish(block: &mut ItemImpl) -> Result<usize> {
    let mut polished = 0;
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
            polished += 1;
        }
    }
    Ok(polished)
}

/// Makes sure that every operation of the document was polished, and that no request goes out but through the seam.
pub(super) fn check(file: &syn::File, polished: usize, wanted: usize) -> Result<()> {
    if polished != wanted {
        return Err(Problem::new(format!(
            "the spec has {wanted} operations, and the generator writes {polished} as it is known here; see xtask/src/generate/operations.rs"
        )));
    }
    let mut past = PastTheSeam(None);
    past.visit_file(file);
    match past.0 {
        None => Ok(()),
        Some(method) => Err(Problem::new(format!(
            "the generator sends a request by `{method}`, past the seam that signs it; see xtask/src/generate/operations.rs"
        ))),
    }
}

/// A call that sends a request otherwise than by the seam's `self.send`.
struct PastTheSeam(Option<String>);

impl<'ast> Visit<'ast> for PastTheSeam {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let method = call.method.to_string();
        let by_seam = *call.receiver == parse_quote!(self) && method == "send";
        if !by_seam && ["send", "execute", "exec"].contains(&method.as_str()) {
            self.0 = Some(method);
        }
        syn::visit::visit_expr_method_call(self, call);
    }
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
    send(statements)?;
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

/// The hooks around a request become one call, which nothing compiles without either.
fn send(statements: &mut Vec<Stmt>) -> Option<()> {
    let hooks: [Stmt; 4] = [
        parse_quote!(self.pre(&mut request, &info).await?;),
        parse_quote!(let result = self.exec(request, &info).await;),
        parse_quote!(self.post(&result, &info).await?;),
        parse_quote!(let response = result?;),
    ];
    let first = statements.iter().position(|s| *s == hooks[0])?;
    // Before them stands what they are told of the operation.
    let info = first.checked_sub(1)?;
    value_of(&mut statements[info], "info")?;
    if statements.get(first..first + hooks.len())? != hooks {
        return None;
    }
    let sent: Stmt = parse_quote!(let response = self.send(request).await?;);
    statements.splice(info..first + hooks.len(), [sent]);
    let request = statements.iter_mut().find_map(|s| local(s, "request"))?;
    request.attrs.clear();
    request.pat = parse_quote!(request);
    Some(())
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

/// `let name = …;`
fn local<'a>(statement: &'a mut Stmt, name: &str) -> Option<&'a mut Local> {
    let Stmt::Local(local) = statement else {
        return None;
    };
    let is_it = matches!(&local.pat, Pat::Ident(pattern) if pattern.ident == name);
    is_it.then_some(local)
}

/// The value that `let name = value;` gives.
fn value_of<'a>(statement: &'a mut Stmt, name: &str) -> Option<&'a mut Expr> {
    let init = local(statement, name)?.init.as_mut()?;
    Some(&mut init.expr)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the generator writes an operation, with these statements around the request.
    fn written(hooks: &str) -> ItemImpl {
        syn::parse_str(&format!(
            r#"impl Client {{
                pub async fn jobs_get<'a>(&'a self, id: &'a str) -> Result<ResponseValue<types::Job>, Error<()>> {{
                    let url = format!("{{}}/jobs/{{}}", self.baseurl, encode_path(&id.to_string()),);
                    let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
                    header_map.append(::reqwest::header::HeaderName::from_static("api-version"), ::reqwest::header::HeaderValue::from_static(Self::api_version()));
                    #[allow(unused_mut)]
                    let mut request = self.client.get(url).headers(header_map).build()?;
                    let info = OperationInfo {{ operation_id: "jobs_get" }};
                    {hooks}
                    match response.status().as_u16() {{
                        200u16 => ResponseValue::from_response(response).await,
                        _ => Err(Error::UnexpectedResponse(response)),
                    }}
                }}
            }}"#
        ))
        .unwrap()
    }

    const HOOKS: &str = "self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;";

    #[test]
    fn an_operation_takes_its_address_its_way_out_and_its_model_from_the_seam() {
        let mut block = written(HOOKS);
        assert_eq!(polish(&mut block).unwrap(), 1);
        let expected: ItemImpl = parse_quote! {
            impl Client {
                pub async fn jobs_get<'a>(&'a self, id: &'a str) -> Result<ResponseValue<types::Job>, Error<()>> {
                    let url = self.url(format_args!("/jobs/{}", encode_path(&id.to_string())))?;
                    let request = self.client.get(url).build()?;
                    let response = self.send(request).await?;
                    match response.status().as_u16() {
                        200u16 => self.read(response).await,
                        _ => Err(Error::UnexpectedResponse(response)),
                    }
                }
            }
        };
        assert_eq!(block, expected);
    }

    #[test]
    fn an_operation_that_is_missed_and_a_request_past_the_seam_are_refused() {
        let file = |text: &str| syn::parse_str::<syn::File>(text).unwrap();
        let good =
            file("impl Client { async fn a(&self) { let response = self.send(request).await?; } }");
        check(&good, 8, 8).unwrap();
        let missed = check(&good, 7, 8).unwrap_err().to_string();
        assert!(
            missed.contains("8 operations") && missed.contains("7"),
            "{missed}"
        );
        for (past, method) in [
            ("self.client.execute(request)", "`execute`"),
            ("self.client.get(url).send()", "`send`"),
            ("self.exec(request, &info)", "`exec`"),
        ] {
            let file = file(&format!(
                "impl Client {{ fn a(&self) {{ self.send(request); {past}; }} }}"
            ));
            let refused = check(&file, 8, 8).unwrap_err().to_string();
            assert!(refused.contains(method), "{refused}");
        }
    }

    #[test]
    fn an_operation_that_goes_out_in_another_way_is_refused_by_name() {
        for other in [
            "let response = self.client.execute(request).await?;".to_owned(),
            HOOKS.replace("self.pre", "self.before"),
            HOOKS.replace("let response = result?;", "let response = result.unwrap();"),
            HOOKS.replace("self.post(&result, &info).await?;", ""),
        ] {
            let refused = polish(&mut written(&other)).unwrap_err().to_string();
            assert!(refused.contains("`jobs_get`"), "{refused}");
        }
    }
}
