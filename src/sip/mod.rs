//! The SIP message layer.
