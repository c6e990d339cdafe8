//! Building users.

use super::User;
use crate::context::UserField;
use crate::value::Value;

/// Builds a [`User`]. Nothing is set to begin with; setting a thing again replaces it.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct UserBuilder {
    user: User,
}

macro_rules! text_setters {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        impl UserBuilder {$(
            $(#[$doc])*
            pub fn $name(mut self, $name: impl Into<String>) -> Self {
                self.user.set_text(UserField::$field, $name.into());
                self
            }
        )*}
    };
}

text_setters! {
    /// Sets the user's id.
    user_id => UserId;
    /// Sets the device's id.
    device_id => DeviceId;
    /// Sets the country.
    country => Country;
    /// Sets the region in the country.
    region => Region;
    /// Sets the city.
    city => City;
    /// Sets the designated market area.
    dma => Dma;
    /// Sets the language.
    language => Language;
    /// Sets the platform, such as `iOS` or `Web`.
    platform => Platform;
    /// Sets the version of the application.
    version => Version;
    /// Sets the operating system.
    os => Os;
    /// Sets the device's manufacturer.
    device_manufacturer => DeviceManufacturer;
    /// Sets the device's brand.
    device_brand => DeviceBrand;
    /// Sets the device's model.
    device_model => DeviceModel;
    /// Sets the mobile carrier.
    carrier => Carrier;
    /// Sets the library that made the user.
    library => Library;
    /// Sets the IP address.
    ip_address => IpAddress;
}

impl UserBuilder {
    /// Sets a field that has no setter of its own, such as the `device_category` and `landing_url` that browser SDKs
    /// send. Flags select it beside the known fields, as `["context", "user", "device_category"]`; it is not a property
    /// of the user, which flags select behind `user_properties` and which [`UserBuilder::user_property`] sets. The value
    /// may be any JSON; null takes the field away.
    ///
    /// A field that has a setter is read as [`User::from_json`] reads it: `field("country", "Norway")` is
    /// `country("Norway")`, and what has no place in the field, such as a group without a name, is left out.
    ///
    /// ```
    /// use evaluation_core::{User, Value};
    ///
    /// let user = User::builder().user_id("user-1").field("device_category", "mobile").build();
    /// assert_eq!(user.field("device_category"), Some(&Value::from("mobile")));
    /// ```
    pub fn field(mut self, name: impl AsRef<str>, value: impl Into<Value>) -> Self {
        let name = name.as_ref();
        self.user.unset(name);
        self.user.read_field(name, value.into());
        self
    }

    /// Sets one property of the user.
    pub fn user_property(mut self, key: impl AsRef<str>, value: impl Into<Value>) -> Self {
        self.user.unset_other("user_properties");
        self.user.user_properties.insert(key, value);
        self
    }

    /// Sets several properties of the user.
    pub fn user_properties<K, V>(mut self, properties: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: AsRef<str>,
        V: Into<Value>,
    {
        self.user.unset_other("user_properties");
        self.user.user_properties.extend(properties);
        self
    }

    /// Puts the user into a group: the one that evaluation uses for this type.
    pub fn group(mut self, group_type: impl AsRef<str>, name: impl Into<String>) -> Self {
        self.user.groups.insert(group_type.as_ref().into(), vec![name.into()]);
        self
    }

    /// Puts the user into several groups of a type. Evaluation uses the first.
    pub fn groups<I>(mut self, group_type: impl AsRef<str>, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.user.groups.insert(group_type.as_ref().into(), names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets one property of a group.
    pub fn group_property(
        mut self,
        group_type: impl AsRef<str>,
        name: impl AsRef<str>,
        key: impl AsRef<str>,
        value: impl Into<Value>,
    ) -> Self {
        let groups = self.user.group_properties.entry(group_type.as_ref().into()).or_default();
        groups.entry(name.as_ref().into()).or_default().insert(key, value);
        self
    }

    /// Says which cohorts the user is in. Synced cohorts, where there are any, replace this.
    pub fn cohort_ids<I>(mut self, cohort_ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.user.unset_other("cohort_ids");
        self.user.cohort_ids = Some(cohort_ids.into_iter().map(Into::into).collect());
        self
    }

    /// Says which cohorts a group is in. Synced cohorts, where there are any, replace this.
    pub fn group_cohort_ids<I>(mut self, group_type: impl AsRef<str>, name: impl AsRef<str>, cohort_ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let groups = self.user.group_cohort_ids.entry(group_type.as_ref().into()).or_default();
        groups.insert(name.as_ref().into(), cohort_ids.into_iter().map(Into::into).collect());
        self
    }

    /// The user.
    #[must_use]
    pub fn build(self) -> User {
        self.user
    }
}

impl From<User> for UserBuilder {
    fn from(user: User) -> Self {
        Self { user }
    }
}
