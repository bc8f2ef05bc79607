//! The registry: one file per rule, one line here.

use super::Rule;

mod ack_misrouted;
mod answer_not_acknowledged;
mod attestation_below_full;
mod authentication_loop;
mod bad_request_explained;
mod blanket_607;
mod branches_cancelled_by_607;
mod bye_with_abnormal_reason;
mod call_drops_at_32_seconds;
mod call_not_signed;
mod caller_anonymous;
mod caller_id_rotation_after_607;
mod caller_identities_disagree;
mod caller_number_impossible;
mod caller_retries_after_607;
mod credentials_withheld;
mod cseq_out_of_order;
mod dialog_contact_unreachable;
mod dialog_unknown;
mod display_name_suspicious;
mod early_media_fault;
mod extension_unsupported;
mod failed_response;
mod failure_not_acknowledged;
mod forbidden_explained;
mod glare;
mod high_complaint_rate;
mod identity_clean;
mod identity_malformed;
mod media_address_wrong;
mod message_too_large_for_udp;
mod nat_binding_lost;
mod neighbour_spoofing_pattern;
mod network_blocked_incomplete;
mod network_blocked_phrase_rewritten;
mod next_hop_unresolvable;
mod no_common_codec;
mod no_response;
mod nonce_stale;
mod number_format_rejected;
mod number_portability_data_lost;
mod old_address_still_used;
mod one_way_media;
mod options_ping_failing;
mod overload;
mod passport_certificate_url;
mod passport_chain_inconsistent;
mod passport_dest_mismatch;
mod passport_not_fresh;
mod passport_orig_mismatch;
mod passport_signature_invalid;
mod permanent_redirect_changes;
mod permanent_redirect_expires;
mod prack_missing;
mod redirect_after_ringing;
mod redirect_and_fork;
mod redirect_breaks_passport;
mod redirect_chain_long;
pub(super) mod redirect_contact_malformed;
mod redirect_contact_not_routable;
mod redirect_contact_not_sip;
mod redirect_contact_unresolvable;
mod redirect_embedded_headers;
mod redirect_follow_up_malformed;
mod redirect_followed;
mod redirect_hidden_by_b2bua;
mod redirect_in_dialog;
mod redirect_list_ended_by_6xx;
pub(super) mod redirect_loop;
mod redirect_not_acknowledged;
mod redirect_not_followed;
mod redirect_of_other_method;
pub(super) mod redirect_q_values_wrong;
mod redirect_sips_downgrade;
mod redirect_target_challenges;
mod redirect_target_failed;
mod redirect_target_suspicious;
pub(super) mod redirect_to_itself;
pub(super) mod redirect_to_itself_in_effect;
mod redirect_transport_unreachable;
mod redirect_without_contact;
mod register_redirected;
mod registration_expired;
mod registration_rejected;
mod registration_storm;
mod rejected_without_capability;
mod rejected_without_redress;
mod rejection_code_altered;
mod request_timeout;
mod required_header_field_missing;
mod response_from_other_address;
mod robocall_traffic_pattern;
mod route_advance_after_607;
mod route_advance_after_network_block;
mod route_set_broken;
mod routing_dip_as_301;
mod routing_loop;
mod rport_missing;
mod scanner;
mod sequential_dialling;
mod session_interval_loop;
mod session_timer_expired;
mod several_answers;
mod sip_alg_damage;
mod srtp_mismatch;
mod stalled_after_100;
mod stir_reason_reported;
mod tls_certificate_expired;
mod tls_certificate_self_signed;
mod tls_handshake_failed;
mod toll_fraud_pattern;
pub(super) mod unwanted_after_answer;
mod unwanted_for_wrong_method;
pub(super) mod unwanted_from_analytics;
mod unwanted_in_dialog;
mod unwanted_message;
mod unwanted_origin;
mod unwanted_with_meaningless_headers;
mod unwanted_without_to_tag;
mod verification_failed_verstat;

pub(super) use failed_response::{refused as what_was_refused, weight as weight_of_failure};
pub(super) use media_address_wrong::names_an_odd_address;
pub(super) use no_common_codec::answers_otherwise;
pub(super) use registration_rejected::STATUSES as REGISTRATION_REJECTED;
pub(super) use response_from_other_address::is_asked_on;

/// Every rule, in the order of the documentation.
pub static RULES: &[&Rule] = &[
    // Redirects.
    &redirect_without_contact::RULE,
    &redirect_contact_malformed::RULE,
    &redirect_to_itself::RULE,
    &redirect_to_itself_in_effect::RULE,
    &redirect_loop::RULE,
    &redirect_chain_long::RULE,
    &redirect_contact_not_routable::RULE,
    &redirect_contact_unresolvable::RULE,
    &redirect_contact_not_sip::RULE,
    &redirect_sips_downgrade::RULE,
    &redirect_transport_unreachable::RULE,
    &redirect_target_suspicious::RULE,
    &redirect_not_followed::RULE,
    &redirect_followed::RULE,
    &redirect_target_failed::RULE,
    &old_address_still_used::RULE,
    &permanent_redirect_changes::RULE,
    &permanent_redirect_expires::RULE,
    &routing_dip_as_301::RULE,
    &number_portability_data_lost::RULE,
    &redirect_embedded_headers::RULE,
    &register_redirected::RULE,
    &redirect_in_dialog::RULE,
    &redirect_of_other_method::RULE,
    &redirect_after_ringing::RULE,
    &redirect_and_fork::RULE,
    &redirect_target_challenges::RULE,
    &redirect_breaks_passport::RULE,
    &redirect_follow_up_malformed::RULE,
    &redirect_hidden_by_b2bua::RULE,
    &redirect_not_acknowledged::RULE,
    &redirect_q_values_wrong::RULE,
    &redirect_list_ended_by_6xx::RULE,
    // Unwanted calls and caller identity.
    &unwanted_origin::RULE,
    &unwanted_from_analytics::RULE,
    &unwanted_without_to_tag::RULE,
    &unwanted_in_dialog::RULE,
    &unwanted_for_wrong_method::RULE,
    &branches_cancelled_by_607::RULE,
    &route_advance_after_607::RULE,
    &caller_retries_after_607::RULE,
    &caller_id_rotation_after_607::RULE,
    &high_complaint_rate::RULE,
    &toll_fraud_pattern::RULE,
    &robocall_traffic_pattern::RULE,
    &sequential_dialling::RULE,
    &neighbour_spoofing_pattern::RULE,
    &caller_number_impossible::RULE,
    &caller_anonymous::RULE,
    &caller_identities_disagree::RULE,
    &display_name_suspicious::RULE,
    &call_not_signed::RULE,
    &attestation_below_full::RULE,
    &identity_malformed::RULE,
    &passport_not_fresh::RULE,
    &passport_orig_mismatch::RULE,
    &passport_dest_mismatch::RULE,
    &passport_chain_inconsistent::RULE,
    &passport_signature_invalid::RULE,
    &passport_certificate_url::RULE,
    &verification_failed_verstat::RULE,
    &stir_reason_reported::RULE,
    &unwanted_after_answer::RULE,
    &identity_clean::RULE,
    &rejection_code_altered::RULE,
    &unwanted_with_meaningless_headers::RULE,
    &unwanted_message::RULE,
    &blanket_607::RULE,
    &rejected_without_redress::RULE,
    &rejected_without_capability::RULE,
    &network_blocked_incomplete::RULE,
    &network_blocked_phrase_rewritten::RULE,
    &route_advance_after_network_block::RULE,
    // Header fields.
    &required_header_field_missing::RULE,
    // Transport.
    &tls_handshake_failed::RULE,
    &tls_certificate_expired::RULE,
    &tls_certificate_self_signed::RULE,
    // How calls end without help of the above.
    &answer_not_acknowledged::RULE,
    &response_from_other_address::RULE,
    &rport_missing::RULE,
    &ack_misrouted::RULE,
    &call_drops_at_32_seconds::RULE,
    &failure_not_acknowledged::RULE,
    &prack_missing::RULE,
    &sip_alg_damage::RULE,
    &message_too_large_for_udp::RULE,
    &nat_binding_lost::RULE,
    &options_ping_failing::RULE,
    &route_set_broken::RULE,
    &dialog_contact_unreachable::RULE,
    &no_response::RULE,
    &stalled_after_100::RULE,
    &request_timeout::RULE,
    &routing_loop::RULE,
    &extension_unsupported::RULE,
    &registration_rejected::RULE,
    &no_common_codec::RULE,
    &srtp_mismatch::RULE,
    &bad_request_explained::RULE,
    &next_hop_unresolvable::RULE,
    &forbidden_explained::RULE,
    &number_format_rejected::RULE,
    &authentication_loop::RULE,
    &credentials_withheld::RULE,
    &several_answers::RULE,
    &dialog_unknown::RULE,
    &cseq_out_of_order::RULE,
    &glare::RULE,
    &session_interval_loop::RULE,
    &session_timer_expired::RULE,
    &bye_with_abnormal_reason::RULE,
    &failed_response::RULE,
    // Media.
    &one_way_media::RULE,
    &early_media_fault::RULE,
    &media_address_wrong::RULE,
    // Who has no business here.
    &scanner::RULE,
    // Who sends more than is needed.
    &registration_storm::RULE,
    &registration_expired::RULE,
    &nonce_stale::RULE,
    &overload::RULE,
];
