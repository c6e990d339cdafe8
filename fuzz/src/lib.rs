//! What fuzz targets check alike.

use evaluation_core::{DiagnosticKind, EvaluationContext, Explanation, FlagSet, Value, Variants};

/// Asserts that every way into the engine decides alike: the whole set, all keys, single flags and explanations; and
/// that results can be written and read back. Gives the results of the whole set.
///
/// Flags may read results that they do not depend on. What those are depends on what else is asked for, so that there
/// the ways may differ; it is checked that they end.
pub fn assert_ways_agree<C: EvaluationContext + ?Sized>(set: &FlagSet, context: &C) -> Variants {
    let variants = set.evaluate(context, &[]);
    assert_eq!(set.evaluate(context, &[]), variants, "evaluated again");
    assert_reads_back(&variants);

    let keys: Vec<&str> = set.keys().collect();
    let declared = declares_what_it_reads(set);
    let mut ordered = declared;
    for key in &keys {
        let whole = variants.get(key);
        let single = set.variant(context, key);
        let alone = set.evaluate(context, &[key]);
        let explanation = set.explain(context, key).expect("the set has the flag");
        let comparable = declared && !reads_all_results(&explanation);
        ordered &= comparable;
        assert_eq!(alone.get(key), single, "variant and evaluate of {key}");
        assert_eq!(explanation.variant.is_some(), single.is_some(), "variant and explain of {key}");
        if comparable {
            assert_eq!(single, whole, "variant of {key}");
        }
        assert!(explanation.to_string().contains(key), "explanations name the flag");
        serde_json::to_string(&explanation).expect("explanations can be written");
    }
    if ordered {
        assert_eq!(set.evaluate(context, &keys), variants, "evaluate with all keys");
    }
    variants
}

/// Results are read back as they were written.
fn assert_reads_back(variants: &Variants) {
    let json = serde_json::to_string(variants).expect("results can be written");
    let read: Variants = serde_json::from_str(&json).expect("results can be read");
    assert_eq!(read.len(), variants.len());
    assert_eq!(serde_json::to_string(&read).expect("what was read can be written"), json);
}

/// Whether no flag reads the result of another that it does not depend on.
pub fn declares_what_it_reads(set: &FlagSet) -> bool {
    set.diagnostics().iter().all(|it| it.kind != DiagnosticKind::UndeclaredDependency)
}

/// Whether a decision rested on all results at once, which no flag can declare to depend on.
pub fn reads_all_results(explanation: &Explanation) -> bool {
    let all = |selector: &[String]| selector == ["result"];
    explanation.dependencies.iter().any(reads_all_results)
        || explanation.segments.iter().any(|segment| {
            segment.bucket.iter().any(|bucket| all(&bucket.selector))
                || segment.groups.iter().flatten().any(|condition| all(&condition.selector))
        })
}

/// The context that a user, or another context, stands for.
pub fn context_of<C: EvaluationContext + ?Sized>(context: &C) -> Value {
    let flags = FlagSet::from_json(
        br#"[{"key":"f","variants":{},"segments":[{"conditions":[[{"selector":["context"],"op":"is","values":[]}]]}]}]"#,
    );
    let explanation = flags.expect("a list of flags").explain(context, "f").expect("the flag is there");
    explanation.segments[0].groups[0][0].value.clone()
}
