//! How often what is treated was there: by column, and by path within JSON.
//!
//! Each object says it of its own records, so that a run answers for all that its manifest names, whoever landed it and when.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Path -> rows that have it, and rows that should and do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hits(BTreeMap<String, (u64, u64)>);

impl Hits {
    /// Counts some of a path.
    pub fn count(&mut self, path: String, hits: u64, lacking: u64) {
        let sum = self.0.entry(path).or_default();
        (sum.0, sum.1) = (sum.0.saturating_add(hits), sum.1.saturating_add(lacking));
    }

    /// Counts those of other records besides.
    pub fn add(&mut self, other: &Hits) {
        other.0.iter().for_each(|(path, (hits, lacking))| self.count(path.clone(), *hits, *lacking));
    }

    /// The first of `paths` that no row has, though some should.
    pub fn lacking<'a>(&self, paths: &'a [String]) -> Option<&'a String> {
        paths.iter().find(|path| self.0.get(*path).is_some_and(|(hits, lacking)| *hits == 0 && *lacking > 0))
    }

    /// Path -> rows that have it.
    pub fn each(&self) -> BTreeMap<String, u64> {
        self.0.iter().map(|(path, (hits, _))| (path.clone(), *hits)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lacks_where_rows_should_have_it_and_none_of_all_objects_does() {
        let object = |hits, lacking| {
            let mut of = Hits::default();
            of.count("email".into(), hits, lacking);
            of.count("doc.a".into(), 0, 0);
            of
        };
        let paths = ["email".to_owned(), "doc.a".to_owned(), "never".to_owned()];
        let mut all = Hits::default();
        assert_eq!(all.lacking(&paths), None);
        all.add(&object(0, 3));
        assert_eq!(all.lacking(&paths), Some(&paths[0]));
        all.add(&object(1, 0));
        assert_eq!(all.lacking(&paths), None);
        let text = serde_json::to_string(&all).expect("JSON");
        assert_eq!(text, r#"{"doc.a":[0,0],"email":[1,3]}"#);
        assert_eq!(serde_json::from_str::<Hits>(&text).expect("hits"), all);
    }
}
