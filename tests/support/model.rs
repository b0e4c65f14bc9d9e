//! The model test: on every engine, any run of steps gives what a sorted map gives.

use std::{
    collections::BTreeMap,
    ops::{Bound, ControlFlow},
};

use polder::store::engine::{Batch, Engine, Range, Tree, last_at_or_before};
use proptest::{collection::vec, prelude::*};

use crate::{names, open};

type Model = BTreeMap<(Tree, Vec<u8>), Vec<u8>>;

/// Tree, key, and the length and content of the value.
type Write = (usize, Vec<u8>, Option<(usize, u8)>);

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Write>),
    Scan(usize, Vec<u8>, Option<Vec<u8>>, bool),
    Before(usize, Vec<u8>),
    Reopen,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    // Few and alike, so that they are overwritten, removed and prefixes of each other.
    vec(prop_oneof![Just(0), Just(1), Just(255)], 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    // Around the sizes at which an engine cuts up values, and far above.
    let len = prop_oneof![
        4 => 0..100usize,
        2 => 5_990..6_010usize,
        2 => 11_990..18_010usize,
        1 => Just(300_000usize),
    ];
    let tree = 0..Tree::ALL.len();
    let value = prop::option::weighted(0.8, (len, any::<u8>()));
    prop_oneof![
        6 => vec((tree.clone(), key(), value), 0..6).prop_map(Step::Commit),
        4 => (tree.clone(), key(), prop::option::of(key()), any::<bool>())
            .prop_map(|(tree, from, until, backwards)| Step::Scan(tree, from, until, backwards)),
        2 => (tree, key()).prop_map(|(tree, key)| Step::Before(tree, key)),
        1 => Just(Step::Reopen),
    ]
}

fn content((len, fill): (usize, u8)) -> Vec<u8> {
    (0..len).map(|at| (at / 251) as u8 ^ fill).collect()
}

fn scan(engine: &dyn Engine, tree: Tree, range: Range<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut out = Vec::new();
    let visit = &mut |key: &[u8], value: &[u8]| {
        out.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    engine.scan(tree, range, visit).unwrap();
    out
}

fn scan_model(model: &Model, tree: Tree, range: Range<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let inside = |key: &[u8]| key >= range.from && range.until.is_none_or(|until| key < until);
    let rows = model.iter().filter(|((of, key), _)| *of == tree && inside(key));
    let mut out: Vec<_> = rows.map(|((_, key), value)| (key.clone(), value.clone())).collect();
    if range.backwards {
        out.reverse();
    }
    out
}

fn same(engine: &dyn Engine, model: &Model) {
    for tree in Tree::ALL {
        let all = Range { from: b"", until: None, backwards: false };
        assert!(scan(engine, tree, all) == scan_model(model, tree, all), "{tree:?} differs");
    }
    for ((tree, key), value) in model {
        assert!(engine.get(*tree, key).unwrap().unwrap() == value, "{tree:?} {key:?} differs");
    }
}

fn run(name: &str, steps: Vec<Step>) {
    let home = tempfile::tempdir().unwrap();
    let mut engine = open(name, home.path()).unwrap();
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Commit(writes) => {
                let mut batch = Batch::default();
                for (tree, key, value) in writes {
                    let (tree, value) = (Tree::ALL[tree], value.map(content));
                    match &value {
                        Some(value) => model.insert((tree, key.clone()), value.clone()),
                        None => model.remove(&(tree, key.clone())),
                    };
                    batch.writes.push((tree, key, value));
                }
                engine.commit(batch).unwrap();
            }
            Step::Scan(tree, from, until, backwards) => {
                let range = Range { from: &from, until: until.as_deref(), backwards };
                let tree = Tree::ALL[tree];
                assert!(scan(&*engine, tree, range) == scan_model(&model, tree, range));
            }
            Step::Before(tree, key) => {
                let tree = Tree::ALL[tree];
                let prefix = key.len().min(1);
                let found = last_at_or_before(&*engine, tree, prefix, &key).unwrap();
                let expected = model
                    .range((Bound::Unbounded, Bound::Included((tree, key.clone()))))
                    .next_back()
                    .filter(|((of, other), _)| *of == tree && other.starts_with(&key[..prefix]));
                let found = found.map(|(key, value)| (key, value.to_vec()));
                assert!(found == expected.map(|((_, key), value)| (key.clone(), value.clone())));
            }
            Step::Reopen => {
                engine.close().unwrap();
                engine = open(name, home.path()).unwrap();
                same(&*engine, &model);
            }
        }
    }
    same(&*engine, &model);
    drop(engine);
    same(&*open(name, home.path()).unwrap(), &model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_engine_does_what_a_sorted_map_does(steps in vec(step(), 1..30)) {
        for name in names() {
            run(name, steps.clone());
        }
    }
}
