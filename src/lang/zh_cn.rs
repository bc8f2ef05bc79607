//! The Chinese table: English text to translation, in JSON files that any editor and any translator's tool reads.

use std::collections::HashMap;
use std::sync::LazyLock;

/// One object each; read when the first text is asked for.
const FILES: [&str; 4] = [
    include_str!("zh-CN/catalog.json"),
    include_str!("zh-CN/diagnosis.json"),
    include_str!("zh-CN/explain.json"),
    include_str!("zh-CN/report.json"),
];

static TABLE: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    // A file that is no JSON object is found by the test below; a text without a translation is shown in English.
    FILES.iter().flat_map(|file| serde_json::from_str::<HashMap<String, String>>(file).unwrap_or_default()).collect()
});

pub(super) fn lookup(english: &str) -> Option<&'static str> {
    match english {
        // Between the items of a list.
        ", " => Some("、"),
        "; " => Some("；"),
        // An empty one waits for its translator.
        text => TABLE.get(text).map(String::as_str).filter(|translation| !translation.is_empty()),
    }
}

pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|(english, chinese)| (english.as_str(), chinese.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_an_object_of_texts() {
        for file in FILES {
            serde_json::from_str::<HashMap<String, String>>(file).unwrap();
        }
    }
}
