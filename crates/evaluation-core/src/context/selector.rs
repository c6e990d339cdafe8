//! Paths into the evaluation context, resolved once when flags are compiled.

use std::fmt;

use crate::value::HashedKey;

/// A path into the evaluation context, as in `["user", "user_properties", "plan"]`: the elements that stand behind
/// `context` in a flag config.
#[derive(Clone)]
pub struct Selector {
    elements: Box<[Box<str>]>,
    target: Target,
    /// The last element, by which properties are looked up.
    key: HashedKey,
}

/// What a path names, for contexts that are not made of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The context as a whole.
    Root,
    /// `user`.
    User,
    /// `user` and a field that holds one text.
    Text(UserField),
    /// `user`, any other field, and maybe more behind it.
    Field(UserField),
    /// `user`, a field that users have no place of their own for, and maybe more behind it.
    Other,
    /// `user`, `user_properties` and one key.
    Property,
    /// `groups`.
    Groups,
    /// `groups`, a type, and maybe more behind it.
    Group,
    /// Nothing that a user has.
    Unknown,
}

/// A field of a user, by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserField {
    UserId,
    DeviceId,
    Country,
    Region,
    City,
    Dma,
    Language,
    Platform,
    Version,
    Os,
    DeviceManufacturer,
    DeviceBrand,
    DeviceModel,
    Carrier,
    Library,
    IpAddress,
    UserProperties,
    CohortIds,
}

impl Selector {
    /// Resolves a path. The elements are those behind `context`.
    ///
    /// ```
    /// let selector = evaluation_core::Selector::new(["user", "country"]);
    /// assert_eq!(selector.elements().collect::<Vec<_>>(), ["user", "country"]);
    /// ```
    pub fn new<I>(elements: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Box<str>>,
    {
        let elements: Box<[Box<str>]> = elements.into_iter().map(Into::into).collect();
        let target = Target::of(&elements);
        let key = HashedKey::new(elements.last().map(|element| &**element).unwrap_or_default());
        Self { elements, target, key }
    }

    /// The elements of the path, in order.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &str> {
        self.elements.iter().map(|element| &**element)
    }

    #[inline]
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    #[inline]
    pub(crate) fn key(&self) -> &HashedKey {
        &self.key
    }

    pub(crate) fn element(&self, index: usize) -> Option<&str> {
        self.elements.get(index).map(|element| &**element)
    }

    /// The elements behind the first `count`.
    pub(crate) fn rest(&self, count: usize) -> &[Box<str>] {
        self.elements.get(count..).unwrap_or_default()
    }

    /// The group type whose cohorts the path names: `User` for users.
    pub(crate) fn cohort_group_type(&self) -> Option<&str> {
        match (self.target, self.rest(1)) {
            (Target::Field(UserField::CohortIds), [_]) => Some(Self::USER_GROUP_TYPE),
            (Target::Group, [group_type, last]) if &**last == "cohort_ids" => Some(group_type),
            _ => None,
        }
    }

    /// The group type under which the service keeps cohorts of users.
    pub(crate) const USER_GROUP_TYPE: &'static str = "User";
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.elements).finish()
    }
}

impl Target {
    fn of(elements: &[Box<str>]) -> Self {
        let mut elements = elements.iter().map(|element| &**element);
        match (elements.next(), elements.next()) {
            (None, _) => Self::Root,
            (Some("user"), None) => Self::User,
            (Some("user"), Some("user_properties")) if elements.len() == 1 => Self::Property,
            (Some("user"), Some(field)) => match UserField::of(field) {
                Some(field) if (field as usize) < UserField::TEXTS && elements.len() == 0 => Self::Text(field),
                Some(field) => Self::Field(field),
                None => Self::Other,
            },
            (Some("groups"), None) => Self::Groups,
            (Some("groups"), Some(_)) => Self::Group,
            _ => Self::Unknown,
        }
    }
}

impl UserField {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|field| field.name() == name).copied()
    }

    pub(crate) const ALL: [Self; 18] = [
        Self::UserId,
        Self::DeviceId,
        Self::Country,
        Self::Region,
        Self::City,
        Self::Dma,
        Self::Language,
        Self::Platform,
        Self::Version,
        Self::Os,
        Self::DeviceManufacturer,
        Self::DeviceBrand,
        Self::DeviceModel,
        Self::Carrier,
        Self::Library,
        Self::IpAddress,
        Self::UserProperties,
        Self::CohortIds,
    ];

    /// How many fields hold one text; they stand first.
    pub(crate) const TEXTS: usize = 16;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::DeviceId => "device_id",
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::Dma => "dma",
            Self::Language => "language",
            Self::Platform => "platform",
            Self::Version => "version",
            Self::Os => "os",
            Self::DeviceManufacturer => "device_manufacturer",
            Self::DeviceBrand => "device_brand",
            Self::DeviceModel => "device_model",
            Self::Carrier => "carrier",
            Self::Library => "library",
            Self::IpAddress => "ip_address",
            Self::UserProperties => "user_properties",
            Self::CohortIds => "cohort_ids",
        }
    }
}
