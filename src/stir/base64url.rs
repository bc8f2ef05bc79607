//! Base64 in the alphabet of URLs, as tokens have it (RFC 7515 §2): padding may be there or not.

use std::sync::LazyLock;

use base64::engine::general_purpose::NO_PAD_INDIFFERENT;

/// Decoding takes the instructions that the processor has for it: tokens are long, and every signed call has one.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
pub(super) static BASE64: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD_INDIFFERENT));

/// The same where the library has none for the processor.
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
pub(super) static BASE64: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD_INDIFFERENT));
