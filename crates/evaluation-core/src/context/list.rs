//! Selected lists.

use std::ops::ControlFlow;

use crate::text::parse_list;
use crate::value::{ScalarText, Value};

/// A selected value that is a list.
#[derive(Debug)]
pub(crate) enum List<'a> {
    Texts(&'a [String]),
    Values(&'a [Value]),
    Owned(Vec<Value>),
}

impl<'a> List<'a> {
    pub(crate) fn of_text(text: &str) -> Option<List<'a>> {
        parse_list(text).map(List::Owned)
    }

    /// Visits each element's text. Nulls have none; empty texts count.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&str)) {
        let _ = self.try_for_each(|text| {
            visit(text);
            ControlFlow::<()>::Continue(())
        });
    }

    #[inline]
    fn try_for_each<B>(&self, mut visit: impl FnMut(&str) -> ControlFlow<B>) -> ControlFlow<B> {
        match self {
            Self::Texts(texts) => texts.iter().try_for_each(|text| visit(text)),
            Self::Values(values) => each_text(values, visit),
            Self::Owned(values) => each_text(values, visit),
        }
    }

    /// True when `test` holds for some element.
    #[inline]
    pub(crate) fn any(&self, mut test: impl FnMut(&str) -> bool) -> bool {
        let found =
            self.try_for_each(|text| if test(text) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        found.is_break()
    }

    /// The elements as texts, each once, in any order.
    pub(crate) fn distinct(&self) -> Vec<String> {
        let mut texts = Vec::new();
        self.for_each(|text| texts.push(text.to_owned()));
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}

#[inline]
fn each_text<B>(values: &[Value], mut visit: impl FnMut(&str) -> ControlFlow<B>) -> ControlFlow<B> {
    values.iter().try_for_each(|value| match value {
        Value::String(text) => visit(text),
        other => ScalarText::of(other).map_or(ControlFlow::Continue(()), |text| visit(text.as_str())),
    })
}
