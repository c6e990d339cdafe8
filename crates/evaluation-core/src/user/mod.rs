//! Users: whom flags are decided for.

mod builder;
mod context;
mod read;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

pub use builder::UserBuilder;
pub use read::UserDiagnostic;

use crate::context::UserField;
use crate::value::{Object, Value};

/// A map that keeps the order in which it was filled.
type Ordered<T> = IndexMap<Box<str>, T, RandomState>;

/// A user with properties, groups and cohorts.
///
/// Cheap to read in place: nothing of it is copied or turned into JSON when flags are decided.
///
/// ```
/// use evaluation_core::User;
///
/// let user = User::builder()
///     .user_id("user-1")
///     .country("Norway")
///     .user_property("plan", "pro")
///     .user_property("seats", 5)
///     .group("org", "acme")
///     .group_property("org", "acme", "tier", 3)
///     .build();
/// assert_eq!(user.user_id(), Some("user-1"));
/// assert_eq!(user.group_name("org"), Some("acme"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    texts: [Option<Box<str>>; UserField::TEXTS],
    user_properties: Object,
    groups: Ordered<Vec<String>>,
    group_properties: Ordered<Ordered<Object>>,
    cohort_ids: Option<Vec<String>>,
    group_cohort_ids: Ordered<Ordered<Vec<String>>>,
}

macro_rules! text_getters {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        impl User {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Option<&str> {
                self.text(UserField::$field)
            }
        )*}
    };
}

text_getters! {
    /// The user's id: most flags bucket by it, and membership of cohorts is looked up by it.
    user_id => UserId;
    /// The device's id.
    device_id => DeviceId;
    /// The country.
    country => Country;
    /// The region in the country.
    region => Region;
    /// The city.
    city => City;
    /// The designated market area.
    dma => Dma;
    /// The language.
    language => Language;
    /// The platform, such as `iOS` or `Web`.
    platform => Platform;
    /// The version of the application.
    version => Version;
    /// The operating system.
    os => Os;
    /// The device's manufacturer.
    device_manufacturer => DeviceManufacturer;
    /// The device's brand.
    device_brand => DeviceBrand;
    /// The device's model.
    device_model => DeviceModel;
    /// The mobile carrier.
    carrier => Carrier;
    /// The library that made the user, such as `experiment-rust-server/0.1.0`.
    library => Library;
    /// The IP address.
    ip_address => IpAddress;
}

impl User {
    /// A user with nothing set.
    pub fn builder() -> UserBuilder {
        UserBuilder::default()
    }

    /// A user with only an id.
    pub fn with_user_id(user_id: impl Into<String>) -> Self {
        Self::builder().user_id(user_id).build()
    }

    /// A builder that starts from this user.
    pub fn to_builder(&self) -> UserBuilder {
        UserBuilder::from(self.clone())
    }

    /// The user's own properties.
    #[must_use]
    pub fn user_properties(&self) -> &Object {
        &self.user_properties
    }

    /// The group types and, for each, the names given. Evaluation uses the first name of a type.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&str, &[String])> {
        self.groups.iter().map(|(group_type, names)| (&**group_type, names.as_slice()))
    }

    /// The name of the user's group of a type: the first one given, unless it is empty.
    #[must_use]
    pub fn group_name(&self, group_type: &str) -> Option<&str> {
        let name = self.groups.get(group_type)?.first()?;
        (!name.is_empty()).then_some(name)
    }

    /// The properties of a group.
    #[must_use]
    pub fn group_properties(&self, group_type: &str, name: &str) -> Option<&Object> {
        self.group_properties.get(group_type)?.get(name)
    }

    /// The cohorts that the caller says the user is in.
    #[must_use]
    pub fn cohort_ids(&self) -> Option<&[String]> {
        self.cohort_ids.as_deref()
    }

    /// The cohorts that the caller says a group is in.
    #[must_use]
    pub fn group_cohort_ids(&self, group_type: &str, name: &str) -> Option<&[String]> {
        self.group_cohort_ids.get(group_type)?.get(name).map(Vec::as_slice)
    }

    #[inline]
    fn text(&self, field: UserField) -> Option<&str> {
        self.texts.get(field as usize)?.as_deref()
    }

    fn set_text(&mut self, field: UserField, text: String) {
        if let Some(place) = self.texts.get_mut(field as usize) {
            *place = Some(text.into_boxed_str());
        }
    }

    /// The fields that are set and hold one text.
    fn set_texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        UserField::ALL.into_iter().filter_map(|field| Some((field.name(), self.text(field)?)))
    }
}

/// The form in which the service takes users: only what is set.
impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in self.set_texts() {
            map.serialize_entry(name, text)?;
        }
        if !self.user_properties.is_empty() {
            map.serialize_entry("user_properties", &self.user_properties)?;
        }
        if !self.groups.is_empty() {
            map.serialize_entry("groups", &Entries(&self.groups, |names| names))?;
        }
        if !self.group_properties.is_empty() {
            map.serialize_entry("group_properties", &Entries(&self.group_properties, |names| Entries(names, |it| it)))?;
        }
        if let Some(cohort_ids) = &self.cohort_ids {
            map.serialize_entry("cohort_ids", cohort_ids)?;
        }
        if !self.group_cohort_ids.is_empty() {
            map.serialize_entry("group_cohort_ids", &Entries(&self.group_cohort_ids, |names| Entries(names, |it| it)))?;
        }
        map.end()
    }
}

/// A map written as an object, each value through a function.
struct Entries<'a, T, F>(&'a Ordered<T>, F);

impl<'a, T, U: Serialize, F: Fn(&'a T) -> U> Serialize for Entries<'a, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, (self.1)(value))))
    }
}

/// As lenient as [`User::from_value`]; what was left out goes unreported.
impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self::from_value(value).0)
    }
}
