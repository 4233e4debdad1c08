//! What the rule tests share: the files of the repository, and Rust text as tokens.

pub(crate) mod lex;
pub(crate) mod tree;
