//! A JSON object as evaluation context.

use super::{EvaluationContext, Selected, Selector};
use crate::value::Value;

impl EvaluationContext for Value {
    fn select<'a>(&'a self, selector: &Selector) -> Selected<'a> {
        Selected::from(self.walk(selector.elements()))
    }
}
