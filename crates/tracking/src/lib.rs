//! Exposure and assignment events of the experiment SDK: made, deduplicated, and delivered in batches.
