//! Explanations as text.

use std::fmt::{self, Display, Formatter};

use super::trace::{BucketTrace, ConditionTrace, Explanation, SegmentTrace};

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.user_diagnostics {
            writeln!(f, "of the user, {diagnostic}")?;
        }
        for dependency in &self.dependencies {
            write!(f, "first, ")?;
            dependency.fmt(f)?;
        }
        match (&self.variant, self.segments.last()) {
            (Some(variant), Some(segment)) => writeln!(f, "{}: {variant}, by {}", self.flag, Heading(segment))?,
            _ => writeln!(f, "{}: nothing, no segment yields a variant", self.flag)?,
        }
        self.segments.iter().try_for_each(|segment| segment.fmt(f))?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "  warning: {}: {}", warning.path, warning.message))
    }
}

/// A segment by its place and name.
struct Heading<'a>(&'a SegmentTrace);

impl Display for Heading<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "segment {}", self.0.index)?;
        self.0.name.as_ref().map_or(Ok(()), |name| write!(f, " \"{name}\""))
    }
}

impl Display for SegmentTrace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = match (self.matched, &self.variant) {
            (false, _) => "does not match",
            (true, None) => "matches, but yields nothing",
            (true, Some(_)) if self.groups.is_empty() => "matches everyone",
            (true, Some(_)) => "matches",
        };
        writeln!(f, "  {} {verdict}", Heading(self))?;
        for (place, group) in self.groups.iter().enumerate() {
            if place > 0 {
                writeln!(f, "    or")?;
            }
            group.iter().try_for_each(|condition| writeln!(f, "    {condition}"))?;
        }
        self.bucket.as_ref().map_or(Ok(()), |bucket| writeln!(f, "    {bucket}"))
    }
}

impl Display for ConditionTrace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { selector, operator, values, value, compared_as_text, holds } = self;
        let mark = if *holds { "yes" } else { "no " };
        write!(f, "{mark} {} ({value}) {operator} {values:?}", selector.join("."))?;
        if *compared_as_text { write!(f, ", compared as text") } else { Ok(()) }
    }
}

impl Display for BucketTrace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let selector = self.selector.join(".");
        let (Some(hash), Some(percentage), Some(part)) = (self.hash, self.percentage, self.part) else {
            return write!(f, "bucket by {selector}: no value to hash, so the segment's own variant");
        };
        let value = self.value.as_deref().unwrap_or_default();
        write!(f, "bucket by {selector}: hash of \"{}/{value}\" is {hash}: {percentage} %, part {part}", self.salt)?;
        match (&self.allocation, &self.distribution) {
            (Some(allocation), Some(distribution)) => write!(
                f,
                ", in allocation {} [{}, {}) and distribution {} [{}, {}): {}",
                allocation.index,
                allocation.start,
                allocation.end,
                distribution.index,
                distribution.start,
                distribution.end,
                distribution.variant.as_deref().unwrap_or("a variant that the flag does not have"),
            ),
            _ => write!(f, ", in no distribution, so the segment's own variant"),
        }
    }
}
