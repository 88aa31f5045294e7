//! Texts of a column and how often each is there: one by one as they stand, or those that differ, as a dictionary packs them.

use arrow::array::{Array, AsArray, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Int32Type};

/// Texts that are looked at one by one, each with how often it is there.
pub enum CountedTexts<'a> {
    /// As they stand.
    Each(&'a StringViewArray),
    /// Those that differ. A row group's dictionary may hold texts that no row of a batch has: those are there 0 times.
    Different(&'a StringArray, Vec<u64>),
}

/// The type of texts that a dictionary packs.
pub fn packed_texts() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl<'a> CountedTexts<'a> {
    /// Of a column of texts, packed or not; `None` of any other.
    pub fn of(column: &'a dyn Array) -> Option<Self> {
        if let Some(texts) = column.as_string_view_opt() {
            return Some(CountedTexts::Each(texts));
        }
        let packed = column.as_dictionary_opt::<Int32Type>()?;
        let texts = packed.values().as_string_opt()?;
        let mut times = vec![0; texts.len()];
        // An array of Arrow's has no key beyond its texts; but where there is NULL the key is any.
        match packed.keys().nulls() {
            Some(nulls) => nulls.valid_indices().for_each(|row| times[packed.keys().value(row) as usize] += 1),
            None => packed.keys().values().iter().for_each(|key| times[*key as usize] += 1),
        }
        Some(CountedTexts::Different(texts, times))
    }

    /// Places at which a text may be.
    pub fn places(&self) -> usize {
        match self {
            CountedTexts::Each(texts) => texts.len(),
            CountedTexts::Different(texts, _) => texts.len(),
        }
    }

    /// The text at a place and how often it is there; `None` where there is none.
    pub fn at(&self, place: usize) -> Option<(&'a str, u64)> {
        match self {
            CountedTexts::Each(texts) => texts.is_valid(place).then(|| (texts.value(place), 1)),
            CountedTexts::Different(texts, times) => {
                (times[place] > 0 && texts.is_valid(place)).then(|| (texts.value(place), times[place]))
            }
        }
    }

    /// All texts that are there.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, u64)> {
        (0..self.places()).filter_map(|place| self.at(place))
    }
}

impl<'a> From<&'a StringViewArray> for CountedTexts<'a> {
    fn from(texts: &'a StringViewArray) -> Self {
        CountedTexts::Each(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{DictionaryArray, Int32Array};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn counts_every_text_that_is_there_and_no_null() {
        let texts = StringArray::from(vec!["Solar PV", "never", "Onshore Wind"]);
        let keys = Int32Array::from(vec![Some(2), None, Some(0), Some(2), None]);
        let packed = DictionaryArray::<Int32Type>::new(keys, Arc::new(texts));
        let different = CountedTexts::of(&packed).expect("texts");
        assert_eq!(different.iter().collect::<Vec<_>>(), [("Solar PV", 1), ("Onshore Wind", 2)]);
        let plain: StringViewArray =
            [Some("Onshore Wind"), None, Some("Solar PV"), Some("Onshore Wind"), None].into_iter().collect();
        let mut counted = BTreeMap::new();
        for (text, times) in CountedTexts::of(&plain).expect("texts").iter() {
            *counted.entry(text).or_insert(0) += times;
        }
        assert_eq!(counted.into_iter().collect::<Vec<_>>(), [("Onshore Wind", 2), ("Solar PV", 1)]);
        assert!(CountedTexts::of(&Int32Array::from(vec![1])).is_none());
    }
}
