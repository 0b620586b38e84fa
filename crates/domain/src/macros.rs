//! Implementations that many types share.

/// An enum whose values have a stable name in the API and in stores: `ALL`, `as_str`, `parse`, `Display` and `FromStr`.
///
/// ```
/// attune_domain::text_enum! {
///     /// Where a parcel is.
///     pub enum ParcelState {
///         /// With the carrier.
///         OnItsWay => "on_its_way",
///         /// With the recipient.
///         Delivered => "delivered",
///     }
/// }
/// assert_eq!(ParcelState::parse("delivered"), Some(ParcelState::Delivered));
/// assert!("lost".parse::<ParcelState>().is_err());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident => $text:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The stable name in the API and in stores.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The value with this name, [`Self::as_str`].
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::text::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::parse(name).ok_or($crate::text::UnknownName)
            }
        }
    };
}

/// `FromStr` for types with a fallible `parse`.
macro_rules! impl_from_str {
    ($($type:ident: $error:ty),+ $(,)?) => {$(
        impl std::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    )+};
}

/// `Debug` that shows the listed fields only, so that personal data and secrets stay out of logs.
macro_rules! impl_redacted_debug {
    ($type:ident) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(***)"))
            }
        }
    };
    ($type:ident { $($field:ident),+ $(,)? }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &self.$field))+.finish_non_exhaustive()
            }
        }
    };
}

#[cfg(test)]
mod tests;
