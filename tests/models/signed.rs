//! No operation can send a request unsigned: each sends it through the hooks, which sign it, and in no other way.

use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Item, Stmt};

use crate::{core, surface};

/// Calls on `self`, and calls that send.
#[derive(Default)]
struct Calls(Vec<String>);

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        // What is called first is inside what is called on its result.
        visit::visit_expr_method_call(self, call);
        let name = call.method.to_string();
        let on_self = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self"));
        if on_self || ["send", "execute", "exec", "execute_request"].contains(&name.as_str()) {
            self.0.push(if on_self {
                format!("self.{name}")
            } else {
                name
            });
        }
    }
}

#[test]
fn every_operation_sends_through_the_hooks_and_in_no_other_way() {
    let operations = surface::operation_functions();
    let paths = core::spec()["paths"].as_object().unwrap().clone();
    let methods = ["get", "put", "post", "delete", "head", "patch"];
    let declared = paths.values().flat_map(|item| item.as_object().unwrap());
    let declared = declared.filter(|(name, _)| methods.contains(&name.as_str()));
    assert_eq!(operations.len(), declared.count());
    for operation in operations {
        let mut calls = Calls::default();
        calls.visit_block(&operation.block);
        assert_eq!(
            calls.0,
            ["self.pre", "self.exec", "self.post"],
            "{}",
            operation.sig.ident
        );
    }
}

/// Without it, a lost implementation of the hooks compiles, and requests go out unsigned.
#[test]
fn the_core_asks_the_compiler_for_the_hooks() {
    let asks = |item: &Item| {
        let Item::Const(asked) = item else {
            return false;
        };
        matches!(&*asked.expr, Expr::Block(block) if matches!(&*block.block.stmts,
            [Stmt::Item(Item::Fn(asking))] if asking.sig.ident == "assert_client_hooks"))
    };
    let file = core::file();
    assert_eq!(file.items.iter().filter(|item| asks(item)).count(), 1);
    // And nothing else implements them: neither the core, nor a blanket implementation in it.
    let implements = |item: &Item| {
        matches!(item, Item::Impl(block) if block.trait_.as_ref().is_some_and(|(_, path, _)| {
            path.segments.last().is_some_and(|segment| segment.ident == "ClientHooks")
        }))
    };
    assert!(!file.items.iter().any(implements));
}
