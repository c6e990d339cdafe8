//! One case: what is asked of every engine.

use super::json::Json;

/// Flags, a context and, if not all flags are asked for, the keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) flags: Json,
    pub(crate) context: Json,
    pub(crate) flag_keys: Option<Json>,
}

impl Case {
    /// The driver line that stands alone, with its flags.
    pub(crate) fn line(&self, id: usize) -> String {
        self.request(id, "flags", &self.flags)
    }

    /// The driver line for a flag list that was loaded under a name.
    pub(crate) fn line_using(&self, id: usize, name: &str) -> String {
        self.request(id, "use", &Json::text(name))
    }

    fn request(&self, id: usize, flags: &str, of: &Json) -> String {
        let keys = self.flag_keys.as_ref().map(|keys| format!(",\"flag_keys\":{keys}")).unwrap_or_default();
        format!("{{\"id\":{id},\"{flags}\":{of},\"context\":{}{keys}}}", self.context)
    }
}

/// The line that keeps a flag list under a name.
pub(crate) fn load_line(name: &str, flags: &Json) -> String {
    format!("{{\"load\":{},\"flags\":{flags}}}", Json::text(name))
}
