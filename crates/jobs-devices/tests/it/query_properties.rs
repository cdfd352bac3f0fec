//! Properties of the query language's text and tree.

use jobs_devices::query::{
    ArithmeticOp, CompareOp, Condition, Expr, Function, Literal, Number, Path, evaluate,
    parse_condition, parse_query,
};
use proptest::prelude::*;
use serde_json::json;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_$][a-zA-Z0-9_$]{0,6}",
        Just("group".to_owned()),
        Just("Devices".to_owned()),
        Just("LENGTH".to_owned()),
        "[a-zå][a-z0-9 .:+ö-]{0,6}",
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let step = prop_oneof![
        name().prop_map(Ok),
        any::<String>().prop_map(Ok),
        any::<u32>().prop_map(Err),
    ];
    let root = name().prop_filter_map("a root that can be written", |root| Path::new(&root));
    (root, prop::collection::vec(step, 0..4)).prop_map(|(root, steps)| {
        steps.into_iter().fold(root, |path, step| match step {
            Ok(name) => path.key(name),
            Err(position) => path.index(position),
        })
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Undefined),
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|whole| Literal::Number(Number::Integer(whole))),
        any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(|float| Literal::Number(Number::Float(float))),
        any::<String>().prop_map(Literal::String),
    ]
}

fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        literal().prop_map(Expr::Literal),
        path().prop_map(Expr::Path)
    ];
    leaf.prop_recursive(6, 60, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let many = |range| prop::collection::vec(inner.clone(), range);
        let compare = prop::sample::select(vec![
            CompareOp::Eq,
            CompareOp::Ne,
            CompareOp::Lt,
            CompareOp::Le,
            CompareOp::Gt,
            CompareOp::Ge,
        ]);
        let arithmetic = prop::sample::select(vec![
            ArithmeticOp::Add,
            ArithmeticOp::Sub,
            ArithmeticOp::Mul,
            ArithmeticOp::Div,
            ArithmeticOp::Rem,
        ]);
        prop_oneof![
            many(0..4).prop_map(Expr::Array),
            boxed().prop_map(Expr::Not),
            boxed().prop_map(Expr::Negate),
            many(2..4).prop_map(Expr::And),
            many(2..4).prop_map(Expr::Or),
            (compare, boxed(), boxed()).prop_map(|(op, left, right)| Expr::Compare {
                op,
                left,
                right
            }),
            (arithmetic, boxed(), boxed()).prop_map(|(op, left, right)| Expr::Arithmetic {
                op,
                left,
                right
            }),
            (boxed(), many(0..4), any::<bool>()).prop_map(|(needle, list, negated)| Expr::In {
                needle,
                list,
                negated
            }),
            many(2..3).prop_map(|arguments| Expr::Call {
                function: Function::Concat,
                arguments
            }),
            many(1..2).prop_map(|arguments| Expr::Call {
                function: Function::IsDefined,
                arguments
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_prints_as_text_that_parses_to_it(expr in expression()) {
        let condition = Condition::from(expr);
        let text = condition.to_string();
        let back = parse_condition(&text);
        prop_assert_eq!(back.as_ref(), Ok(&condition), "{}", text);
    }

    #[test]
    fn any_text_gives_a_tree_or_an_error_inside_the_text(text in any::<String>()) {
        if let Err(error) = parse_condition(&text) {
            prop_assert!(error.position() <= text.len());
            prop_assert!(text.is_char_boundary(error.position()));
        }
        let _ = parse_query(&text);
    }

    #[test]
    fn words_of_the_language_in_any_order_never_panic(words in prop::collection::vec(prop::sample::select(vec![
        "SELECT", "*", "FROM", "devices", ".", "jobs", "WHERE", "NOT", "AND", "a", "[", "]", "[[", "]]", "(", ")",
        "IN", "NIN", ",", "1", "-", "'s'", "=", "COUNT", "TOP", "GROUP", "BY", "AS", "IS_DEFINED", "0x", "1e", "\\", "'",
    ]), 0..24)) {
        let text = words.join(" ");
        let _ = parse_condition(&text);
        let _ = parse_query(&text);
        let glued = words.concat();
        let _ = parse_condition(&glued);
    }

    #[test]
    fn evaluation_of_any_tree_ends_with_a_value(expr in expression()) {
        let document = json!({"a": {"b": [1, "x", null]}, "group": 3, "_": "text", "A": true});
        let _ = evaluate(&expr, &document);
    }

    #[test]
    fn negation_never_selects_what_the_condition_selects(expr in expression()) {
        let document = json!({"a": 1, "b": "x", "group": false});
        let negated = Condition::from(Expr::Not(Box::new(expr.clone())));
        prop_assert!(!(negated.matches(&document) && Condition::from(expr).matches(&document)));
    }
}
