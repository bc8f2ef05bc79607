//! Pages of the manual that reports lead to: what stands in `docs/`, under addresses that a version keeps.

/// Where a diagnosis is explained.
pub fn address(code: &str) -> String {
    concat!("https://docs.rs/sipscan/", env!("CARGO_PKG_VERSION"), "/sipscan/manual/diagnoses/index.html#").to_owned()
        + code
}

#[expect(clippy::doc_markdown, reason = "the page is for readers of other formats too")]
#[doc = include_str!("../docs/diagnoses.md")]
pub mod diagnoses {}
