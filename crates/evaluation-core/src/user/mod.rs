//! Users: whom flags are decided for.

mod builder;
mod context;
mod other;
mod read;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

pub use builder::UserBuilder;
pub use read::UserDiagnostic;

use self::other::OtherFields;
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
    /// None for nearly all users, so that these pay for it with nothing but a pointer.
    other: Option<Box<OtherFields>>,
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

    /// The text that getters return.
    fn text(&self, field: UserField) -> Option<&str> {
        self.plain_text(field).or_else(|| self.other.as_ref()?.text(field))
    }

    /// The text of a field that was given as one.
    #[inline]
    fn plain_text(&self, field: UserField) -> Option<&str> {
        self.texts.get(field as usize)?.as_deref()
    }

    fn set_text(&mut self, field: UserField, text: String) {
        self.unset_other(field.name());
        if let Some(place) = self.texts.get_mut(field as usize) {
            *place = Some(text.into_boxed_str());
        }
    }

    fn unset_text(&mut self, field: UserField) {
        self.unset_other(field.name());
        if let Some(place) = self.texts.get_mut(field as usize) {
            *place = None;
        }
    }

    /// Takes a field away, whatever it is.
    fn unset(&mut self, name: &str) {
        self.unset_other(name);
        match name {
            "user_properties" => self.user_properties = Object::new(),
            "groups" => self.groups = Ordered::default(),
            "group_properties" => self.group_properties = Ordered::default(),
            "cohort_ids" => self.cohort_ids = None,
            "group_cohort_ids" => self.group_cohort_ids = Ordered::default(),
            _ => UserField::of(name).into_iter().for_each(|field| self.unset_text(field)),
        }
    }

    /// The fields that were given as one text.
    fn plain_texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        UserField::ALL.into_iter().filter_map(|field| Some((field.name(), self.plain_text(field)?)))
    }

    /// The fields that are kept as they came.
    fn other_fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.other.iter().flat_map(|other| other.fields.iter())
    }

    /// The user's cohorts, unless these are among the fields that are kept as they came.
    fn plain_cohort_ids(&self) -> Option<&[String]> {
        self.cohort_ids().filter(|_| self.field(UserField::CohortIds.name()).is_none())
    }
}

/// The form in which the service takes users: only what is set, fields without a getter included.
impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in self.plain_texts() {
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
        if let Some(cohort_ids) = self.plain_cohort_ids() {
            map.serialize_entry("cohort_ids", cohort_ids)?;
        }
        if !self.group_cohort_ids.is_empty() {
            map.serialize_entry("group_cohort_ids", &Entries(&self.group_cohort_ids, |names| Entries(names, |it| it)))?;
        }
        for (name, value) in self.other_fields() {
            map.serialize_entry(name, value)?;
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
