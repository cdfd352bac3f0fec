//! Where the arguments of a generated operation go: its body says it.

use std::collections::BTreeMap;

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprIf, ExprMethodCall, Lit, Token};

/// Name and place on the wire, by the name of the argument.
pub(crate) fn places(function: &syn::ImplItemFn) -> BTreeMap<String, String> {
    let mut reader = Reader::default();
    reader.visit_block(&function.block);
    reader.found
}

#[derive(Default)]
struct Reader {
    found: BTreeMap<String, String>,
    /// The argument that an `if let Some(value)` reads.
    optional: Option<String>,
}

impl Reader {
    fn note(&mut self, argument: &Expr, place: String) {
        let name = self.optional.clone().or_else(|| variable(argument));
        self.found.insert(name.unwrap(), place);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_expr_if(&mut self, expression: &'ast ExprIf) {
        if let Expr::Let(condition) = &*expression.cond {
            self.optional = variable(&condition.expr);
        }
        visit::visit_expr_if(self, expression);
        self.optional = None;
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if is_path(&call.func, "QueryParam") {
            let name = literal(&call.args[0]).unwrap();
            self.note(&call.args[1], format!("{name} (query)"));
        } else if is_path(&call.func, "encode_path") {
            self.note(&call.args[0], "path".to_owned());
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "append"
            && variable(&call.receiver).is_some_and(|name| name == "header_map")
        {
            // The version of the API is a constant, and the hooks take it out of the headers.
            if let Some(name) = literal(&call.args[0]) {
                self.note(&call.args[1], format!("{name} (header)"));
            }
        } else if call.method == "json" {
            self.note(&call.args[0], "body".to_owned());
        }
        visit::visit_expr_method_call(self, call);
    }

    /// The address is inside `format!`.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone());
        for argument in arguments.into_iter().flatten() {
            // The reader borrows from the function, and this from nothing that stays.
            let mut inner = Reader::default();
            inner.visit_expr(&argument);
            self.found.append(&mut inner.found);
        }
    }
}

/// Whether the last two words of a path have this one among them.
fn is_path(function: &Expr, word: &str) -> bool {
    matches!(function, Expr::Path(path)
        if path.path.segments.iter().rev().take(2).any(|segment| segment.ident == word))
}

/// The variable that an expression starts from.
fn variable(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Reference(reference) => variable(&reference.expr),
        Expr::MethodCall(call) => variable(&call.receiver),
        Expr::Try(tried) => variable(&tried.expr),
        _ => None,
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(syn::ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}
