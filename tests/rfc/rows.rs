//! The core set of rules, each with the tests that show it or the reason why none does.
//!
//! The rules are those of a checklist for simulators of mail networks, drawn from RFC 5321 and the
//! RFCs around it; their words here are short and our own. Read in the RFC's own text for their
//! tests: RFC 5321 §2.4, §4.1.1.4, §4.1.1.5, §4.1.1.10, §4.1.4, §4.5.1, §4.5.3.1.10, §6.3; RFC 2308 §3,
//! §5, §7.1; RFC 2197 §4 (the words of RFC 2920 §3); RFC 3207 §4; RFC 3461 §4 and §5.2; RFC 3030 §2; RFC
//! 1939 §3 and §4; RFC 9051 §5.4.

/// A rule and how it is shown.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name in the checklist, which the names of its tests begin with.
    pub(crate) id: &'static str,
    /// What it asks for.
    pub(crate) rule: &'static str,
    pub(crate) shown: Shown,
}

/// How a rule is shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// By these tests.
    By(&'static [&'static str]),
    /// By these tests, but for what is missing from the model.
    InPart { tests: &'static [&'static str], missing: &'static str },
    /// By none: it is not modelled.
    Not { because: &'static str },
}

impl Row {
    /// Returns the tests that show it.
    pub(crate) fn tests(&self) -> &'static [&'static str] {
        match self.shown {
            Shown::By(tests) | Shown::InPart { tests, .. } => tests,
            Shown::Not { .. } => &[],
        }
    }
}

const fn by(id: &'static str, rule: &'static str, tests: &'static [&'static str]) -> Row {
    Row { id, rule, shown: Shown::By(tests) }
}

const fn in_part(
    id: &'static str,
    rule: &'static str,
    tests: &'static [&'static str],
    missing: &'static str,
) -> Row {
    Row { id, rule, shown: Shown::InPart { tests, missing } }
}

const fn not(id: &'static str, rule: &'static str, because: &'static str) -> Row {
    Row { id, rule, shown: Shown::Not { because } }
}

/// The numbers of the core set by group, in order: every rule with a MUST in it, and all of MX, RTRY,
/// TMO, DUP, BNC, LOOP and INV.
pub(crate) const GROUPS: &[(&str, &[u8])] = &[
    ("SESS", &[2, 4, 5, 6, 7, 9, 10, 15, 16, 17, 18, 19, 21, 22, 24, 26, 27, 28]),
    ("ADDR", &[1, 2, 3, 4, 5, 6, 10]),
    ("MX", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]),
    ("DNS", &[1, 2, 3, 5]),
    ("RTRY", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("TMO", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("DUP", &[1, 2, 3]),
    ("DUR", &[1]),
    ("BNC", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("LOOP", &[1, 2, 3]),
    ("TRC", &[1, 2, 3, 4]),
    ("SIZE", &[1, 2, 3, 5]),
    ("PIPE", &[1, 2, 3]),
    ("CHNK", &[1, 2, 3]),
    ("TLS", &[1, 2, 3]),
    ("AUTH", &[1, 2, 4]),
    ("SUB", &[1]),
    ("UTF8", &[1, 3]),
    ("MIME", &[1]),
    ("DSN", &[1, 2, 4, 5, 6, 7, 8, 10]),
    ("ESC", &[3]),
    ("SPAM", &[2]),
    ("SPF", &[2]),
    ("DMARC", &[2]),
    ("STS", &[1, 2, 3]),
    ("DANE", &[1, 2]),
    ("AUTO", &[1]),
    ("LMTP", &[1, 2, 3, 4]),
    ("POP", &[1, 2, 3, 4, 5]),
    ("IMAP", &[1, 2, 3, 5, 6, 7]),
    ("INV", &[1, 2, 3, 4, 5, 6, 7, 8]),
];

/// Every rule of the core set.
pub(crate) const ROWS: &[Row] = &[
    by(
        "SESS-02",
        "a 554 greeting: the client says QUIT, all else gets 503",
        &["rfc_sess_02_a_554_greeting_refuses_all_but_quit"],
    ),
    by(
        "SESS-04",
        "HELO brings no list of extensions, and none is in force",
        &["rfc_sess_04_helo_offers_no_extensions"],
    ),
    by(
        "SESS-05",
        "EHLO, MAIL, RCPT, DATA in this order, else 503",
        &["rfc_sess_05_commands_out_of_order_get_503"],
    ),
    by(
        "SESS-06",
        "the message is sent only after 354",
        &["rfc_sess_06_the_message_is_sent_after_354_only"],
    ),
    by(
        "SESS-07",
        "a code that is not known is judged by its first digit",
        &["rfc_sess_07_the_first_digit_decides"],
    ),
    by("SESS-09", "the code decides, never the text", &["rfc_sess_09_the_text_decides_nothing"]),
    by(
        "SESS-10",
        "a reply of several lines has one code and is one reply",
        &["rfc_sess_10_a_reply_of_several_lines_is_one_reply"],
    ),
    by(
        "SESS-15",
        "MAIL forgets sender, recipients and data of before",
        &["rfc_sess_15_transactions_of_a_session_do_not_mix"],
    ),
    by(
        "SESS-16",
        "RSET gets 250 and ends the transaction, not the session",
        &["rfc_sess_16_rset_ends_the_transaction_alone"],
    ),
    by(
        "SESS-17",
        "a session ends with QUIT; a lost connection undoes nothing that was completed",
        &[
            "rfc_sess_17_a_session_ends_with_quit",
            "rfc_dup_02_a_client_that_crashes_before_it_knows_sends_twice",
        ],
    ),
    by(
        "SESS-18",
        "2yz after the dot hands responsibility over",
        &["rfc_sess_18_the_250_after_the_dot_hands_over"],
    ),
    by(
        "SESS-19",
        "4yz or 5yz after the dot leaves it with the sender",
        &["rfc_sess_19_a_refused_dot_leaves_the_sender_responsible"],
    ),
    by(
        "SESS-21",
        "some recipients fail after acceptance: 250 and a notice",
        &["rfc_sess_21_a_failure_after_acceptance_is_told_in_a_notice"],
    ),
    by(
        "SESS-22",
        "recipients beyond the limit get 452 and come again; 552 counts as 452 there",
        &[
            "rfc_sess_22_recipients_beyond_the_limit_go_in_further_transactions",
            "rfc_sess_22_552_after_accepted_recipients_is_temporary",
        ],
    ),
    by(
        "SESS-24",
        "the codes that MAIL and RCPT may fail with",
        &["rfc_sess_24_every_code_of_mail_and_rcpt_is_understood"],
    ),
    not(
        "SESS-26",
        "lines that begin with a dot get one more on the wire",
        "messages have a size and no text, so no line begins with anything; the few octets of stuffing are below what bandwidth resolves",
    ),
    by(
        "SESS-27",
        "a server serves several connections at once",
        &["rfc_sess_27_several_sessions_are_served_at_once"],
    ),
    by(
        "SESS-28",
        "the nine commands that every server knows",
        &["rfc_sess_28_every_server_knows_the_minimum"],
    ),
    by(
        "ADDR-01",
        "domains have no case, local parts have",
        &["rfc_addr_01_domains_have_no_case_and_local_parts_do"],
    ),
    by(
        "ADDR-02",
        "quoted local parts, and address literals without a look-up",
        &["rfc_addr_02_literals_and_quoted_local_parts"],
    ),
    by(
        "ADDR-03",
        "local parts of 64, domains of 255, paths of 256 octets",
        &["rfc_addr_03_the_longest_addresses_are_taken"],
    ),
    by(
        "ADDR-04",
        "a source route is taken and passed over",
        &["rfc_addr_04_a_source_route_is_ignored"],
    ),
    by(
        "ADDR-05",
        "a notice to a routed reverse path goes to its last mailbox",
        &["rfc_addr_05_a_notice_ignores_the_route_of_the_reverse_path"],
    ),
    in_part(
        "ADDR-06",
        "postmaster is known at every domain, in any case",
        &["rfc_addr_06_postmaster_is_known_everywhere"],
        "bare Postmaster without a domain: a scenario's addresses always have one",
    ),
    by(
        "ADDR-10",
        "an alias keeps the reverse path, a list puts its owner's there",
        &["rfc_addr_10_an_alias_keeps_the_reverse_path_and_a_list_does_not"],
    ),
    by(
        "MX-01",
        "MX first; an alias is followed",
        &[
            "rfc_mx_01_an_alias_leads_to_the_exchangers_of_its_target",
            "rfc_mx_01_aliases_are_followed_but_not_for_ever",
        ],
    ),
    by(
        "MX-02",
        "the lower preference goes first",
        &[
            "rfc_mx_02_the_better_exchanger_first",
            "rfc_mx_02_and_04_exchangers_come_by_preference_and_addresses_as_answered",
        ],
    ),
    by("MX-03", "equal preferences in random order", &["rfc_mx_03_equal_preferences_are_shuffled"]),
    by(
        "MX-04",
        "several addresses of one exchanger in order",
        &["rfc_mx_04_the_next_address_is_tried_in_the_same_attempt"],
    ),
    by(
        "MX-05",
        "two addresses at least, with a limit to be set",
        &["rfc_mx_05_the_number_of_addresses_tried_can_be_set"],
    ),
    by(
        "MX-06",
        "no MX record: the domain's own address",
        &["rfc_mx_06_without_exchangers_the_address_counts"],
    ),
    by(
        "MX-07",
        "any MX record: never the domain's own address",
        &[
            "rfc_mx_07_with_exchangers_the_address_never_counts",
            "rfc_mx_07_the_domains_own_address_is_never_used_beside_mx_records",
        ],
    ),
    by(
        "MX-08",
        "a name that does not exist is an error",
        &["rfc_mx_08_a_name_that_does_not_exist_is_an_error"],
    ),
    by("MX-09", "a failure of the DNS is temporary", &["rfc_mx_09_a_dns_failure_is_temporary"]),
    by(
        "MX-10",
        "no exchanger with an address is an error",
        &["rfc_mx_10_exchangers_without_address_are_an_error"],
    ),
    by(
        "MX-11",
        "a relay passes over itself and all that are no better",
        &["rfc_mx_11_a_backup_hands_on_to_better_ones_only"],
    ),
    by(
        "MX-12",
        "nobody left after that: undeliverable",
        &["rfc_mx_12_nothing_left_after_oneself_is_an_error"],
    ),
    by(
        "MX-13",
        "a backup keeps mail while the primary is down",
        &["rfc_mx_13_a_backup_holds_mail_until_the_primary_is_back"],
    ),
    by(
        "MX-14",
        "a backup is tried only when better ones fail",
        &["rfc_mx_14_the_backup_is_used_only_while_the_better_fail"],
    ),
    by(
        "MX-15",
        "an exchanger is no alias",
        &["rfc_mx_15_an_exchanger_that_is_an_alias_is_warned_of"],
    ),
    by("MX-16", "a null MX: no mail, for good", &["rfc_mx_16_a_null_mx_takes_no_mail"]),
    by(
        "MX-17",
        "mail from a domain with a null MX may be refused",
        &["rfc_mx_17_mail_from_a_domain_without_mail_may_be_refused"],
    ),
    by(
        "MX-18",
        "a null MX beside other records is none",
        &[
            "rfc_mx_18_a_null_mx_among_others_is_none",
            "rfc_mx_18_a_null_mx_among_others_is_passed_over",
        ],
    ),
    by(
        "DNS-01",
        "answers hold for their time to live",
        &[
            "rfc_dns_01_answers_are_kept_for_their_time_to_live",
            "rfc_dns_01_positive_answers_hold_for_their_time_to_live",
        ],
    ),
    by(
        "DNS-02",
        "negative answers hold for SOA TTL or MINIMUM",
        &[
            "rfc_dns_02_a_negative_answer_holds_for_its_own_time",
            "rfc_dns_02_and_04_negative_answers_hold_for_their_own_time_within_the_limit",
        ],
    ),
    by(
        "DNS-03",
        "a server failure is kept for five minutes at most",
        &["rfc_dns_03_a_server_failure_is_soon_forgotten"],
    ),
    by(
        "DNS-05",
        "no such name is not the same as no such data",
        &["rfc_dns_05_no_data_is_not_no_name", "rfc_dns_05_no_data_and_no_name_differ"],
    ),
    by(
        "RTRY-01",
        "what cannot be sent now is kept and tried again",
        &["rfc_rtry_01_queued_mail_arrives_once"],
    ),
    by(
        "RTRY-02",
        "the same destination is not tried again at once",
        &["rfc_rtry_02_a_retry_is_delayed"],
    ),
    by(
        "RTRY-03",
        "half an hour between attempts at least",
        &["rfc_rtry_03_no_retry_before_half_an_hour"],
    ),
    by(
        "RTRY-04",
        "twice in the first hour, then every two to three",
        &["rfc_rtry_04_two_tries_in_the_first_hour_then_every_two_to_three"],
    ),
    by("RTRY-05", "given up after four to five days", &["rfc_rtry_05_mail_is_kept_for_days"]),
    by(
        "RTRY-06",
        "a notice may have a shorter life",
        &["rfc_rtry_06_notices_have_a_life_of_their_own"],
    ),
    by("RTRY-07", "all parameters can be set", &["rfc_rtry_07_every_parameter_can_be_set"]),
    by(
        "RTRY-08",
        "a host that does not answer is not tried for each message",
        &["rfc_rtry_08_a_dead_host_is_not_tried_for_each_message"],
    ),
    by(
        "RTRY-09",
        "5yz to MAIL is not remembered",
        &["rfc_rtry_09_a_refused_sender_is_not_remembered"],
    ),
    not(
        "RTRY-10",
        "mail from a host may set off what waits for it",
        "an option that neither Postfix nor the RFC's own profile uses: Postfix sets off a queue on ETRN alone, which is the action `flush` of a scenario",
    ),
    by(
        "RTRY-11",
        "several sessions to one destination, with a limit",
        &["rfc_rtry_11_sessions_to_one_destination_are_limited"],
    ),
    by("TMO-01", "a timer for each command", &["rfc_tmo_01_each_command_has_its_own_time"]),
    by("TMO-02", "five minutes for the greeting", &["rfc_tmo_02_greeting_five_minutes"]),
    by(
        "TMO-03",
        "five minutes for MAIL and for each RCPT",
        &["rfc_tmo_03_mail_and_rcpt_five_minutes_each"],
    ),
    by("TMO-04", "two minutes for the 354", &["rfc_tmo_04_data_two_minutes"]),
    by(
        "TMO-05",
        "three minutes for each block of the message",
        &["rfc_tmo_05_a_stalled_message_three_minutes"],
    ),
    by("TMO-06", "ten minutes for the reply to the dot", &["rfc_tmo_06_final_dot_ten_minutes"]),
    by(
        "TMO-07",
        "a server waits five minutes for a command",
        &["rfc_tmo_07_a_server_waits_for_its_client"],
    ),
    by("TMO-08", "a large message may take long", &["rfc_tmo_08_a_large_message_may_take_long"]),
    by(
        "DUP-01",
        "a 250 that comes too late makes a second copy",
        &[
            "rfc_dup_01_a_reply_later_than_the_clients_patience_makes_a_duplicate",
            "rfc_dup_01_a_late_copy_counts_although_the_client_had_given_up",
            "rfc_dup_01_a_late_copy_stays_where_it_was_sent",
            "rfc_dup_01_a_late_copy_is_lost_with_its_server",
        ],
    ),
    by(
        "DUP-02",
        "a connection lost between commit and 250 makes a second copy",
        &[
            "rfc_dup_02_a_server_that_crashes_makes_no_duplicate_and_loses_nothing",
            "rfc_dup_02_a_client_that_crashes_before_it_knows_sends_twice",
        ],
    ),
    by("DUP-03", "never no copy at all", &["rfc_dup_03_lost_replies_never_mean_lost_mail"]),
    by("DUR-01", "accepted mail survives a crash", &["rfc_dur_01_accepted_mail_survives_a_crash"]),
    by(
        "BNC-01",
        "a notice has the null reverse path",
        &["rfc_bnc_01_notices_have_the_null_reverse_path_and_reach_the_sender"],
    ),
    in_part(
        "BNC-02",
        "a notice goes to the reverse path, not to From",
        &["rfc_bnc_02_a_notice_goes_to_the_reverse_path"],
        "messages have no From of their own that could differ from the envelope",
    ),
    by(
        "BNC-03",
        "never a notice about a message without a sender",
        &["rfc_bnc_03_never_a_notice_about_a_notice"],
    ),
    by(
        "BNC-04",
        "one notice for all that failed together",
        &["rfc_bnc_04_one_notice_for_all_failed_recipients"],
    ),
    by(
        "BNC-05",
        "ordinary mail has a sender that exists",
        &["rfc_bnc_05_ordinary_mail_has_a_sender"],
    ),
    by(
        "BNC-06",
        "automatic replies leave null senders alone, forwarding keeps them",
        &["rfc_bnc_06_null_reverse_paths_are_kept_and_not_answered"],
    ),
    by(
        "BNC-07",
        "who is refused in the session makes the notice",
        &["rfc_bnc_07_the_client_reports_a_refusal"],
    ),
    by(
        "BNC-08",
        "no notice about hostile content",
        &["rfc_bnc_08_hostile_content_is_not_returned"],
    ),
    by(
        "LOOP-01",
        "loops are noticed and stopped",
        &[
            "rfc_loop_01_loops_are_stopped",
            "rfc_loop_01_aliases_that_stand_for_each_other_are_stopped",
        ],
    ),
    by(
        "LOOP-02",
        "a hundred Received fields and more by default",
        &["rfc_loop_02_the_threshold_is_large"],
    ),
    by(
        "LOOP-03",
        "the limit less the fields at first: so many transfers",
        &["rfc_loop_03_a_loop_ends_at_its_limit"],
    ),
    by(
        "TRC-01",
        "each server adds one Received field and changes none",
        &["rfc_trc_01_each_server_adds_one_received_field"],
    ),
    by(
        "TRC-02",
        "a Received field says from, by and when",
        &["rfc_trc_02_a_received_field_says_from_by_and_when"],
    ),
    by("TRC-03", "FOR names one path at most", &["rfc_trc_03_for_names_one_recipient_at_most"]),
    by(
        "TRC-04",
        "final delivery adds Return-Path, once",
        &["rfc_trc_04_final_delivery_adds_return_path_once"],
    ),
    in_part(
        "SIZE-01",
        "512 octets for commands and replies, 1000 for lines of text",
        &["rfc_size_01_commands_and_replies_fit_512_octets"],
        "lines of text: messages have a size and no text",
    ),
    by("SIZE-02", "64 KiB of content are always taken", &["rfc_size_02_every_server_takes_64_kib"]),
    by(
        "SIZE-03",
        "100 recipients are always taken",
        &["rfc_size_03_every_server_takes_100_recipients"],
    ),
    by(
        "SIZE-05",
        "too big: 552, for good; no room now: 452",
        &[
            "rfc_size_05_too_big_is_permanent_and_no_room_is_temporary",
            "rfc_size_05_as_large_as_the_limit_is_not_too_big",
        ],
    ),
    by(
        "PIPE-01",
        "groups of commands only where they are offered",
        &["rfc_pipe_01_no_groups_unless_the_server_offers_them"],
    ),
    by(
        "PIPE-02",
        "which commands must come last in a group",
        &["rfc_pipe_02_who_may_stand_where_in_a_group"],
    ),
    by(
        "PIPE-03",
        "all recipients refused and 354 all the same: a lone dot",
        &["rfc_pipe_03_nobody_left_means_no_message"],
    ),
    by("CHNK-01", "BDAT sends its octets without a 354", &["rfc_chnk_01_bdat_needs_no_354"]),
    by("CHNK-02", "DATA and BDAT are not mixed", &["rfc_chnk_02_data_and_bdat_are_not_mixed"]),
    by(
        "CHNK-03",
        "BDAT after refused recipients is read and answered",
        &["rfc_chnk_03_bdat_without_recipients_is_answered"],
    ),
    in_part(
        "TLS-01",
        "STARTTLS gets 220, 454 or 501",
        &["rfc_tls_01_a_refused_starttls_is_the_clients_choice"],
        "501 to arguments: commands are not spelt, so none has a wrong argument",
    ),
    by(
        "TLS-02",
        "after TLS all is forgotten, and EHLO comes again",
        &["rfc_tls_02_after_tls_the_session_begins_anew"],
    ),
    by(
        "TLS-03",
        "an exchanger must not demand TLS",
        &["rfc_tls_03_an_exchanger_does_not_demand_tls"],
    ),
    by(
        "AUTH-01",
        "AUTH after EHLO, once, not within a transaction",
        &["rfc_auth_01_auth_has_its_place"],
    ),
    in_part(
        "AUTH-02",
        "235, 334, 454, 501, 530, 535 and what follows",
        &["rfc_auth_02_what_the_replies_to_auth_mean"],
        "334 and 501: AUTH is PLAIN with its initial response, one round trip",
    ),
    by("AUTH-04", "no passwords in the clear", &["rfc_auth_04_no_passwords_in_the_clear"]),
    by(
        "SUB-01",
        "port 587 is for those who authenticate",
        &["rfc_sub_01_submission_is_authenticated_and_relaying_is_not"],
    ),
    by(
        "UTF8-01",
        "without SMTPUTF8 no such address goes on",
        &["rfc_utf8_01_no_such_address_to_a_server_without_the_extension"],
    ),
    by(
        "UTF8-03",
        "who offers SMTPUTF8 offers 8BITMIME",
        &["rfc_utf8_03_smtputf8_comes_with_8bitmime"],
    ),
    by(
        "MIME-01",
        "base64 makes 1.3684 of an attachment",
        &["rfc_mime_01_attachments_grow_by_base64", "base64_grows_as_rfc_2045_says"],
    ),
    by("DSN-01", "NOTIFY=NEVER: silence", &["rfc_dsn_01_never_means_no_notice_at_all"]),
    in_part(
        "DSN-02",
        "NOTIFY: failure, delay and success each for itself",
        &["rfc_dsn_02_failure_and_delay_are_told_apart"],
        "SUCCESS: result files have no kind of message for a notice of success",
    ),
    not(
        "DSN-04",
        "success asked for and a next hop without DSN: \"relayed\"",
        "result files have no kind of message for a notice of success, and every server is taken to pass NOTIFY on",
    ),
    not(
        "DSN-05",
        "ENVID, RET and ORCPT are passed on",
        "notices have a size and no text, so nobody would see an ENVID or ORCPT; RET reaches every server with the message",
    ),
    by(
        "DSN-06",
        "RET: the header alone or the whole message",
        &["rfc_dsn_06_headers_only_or_the_whole_message"],
    ),
    in_part(
        "DSN-07",
        "what was done, in one of five words",
        &["rfc_dsn_07_a_notice_says_what_was_done"],
        "delivered, relayed and expanded: there are no notices of success",
    ),
    by(
        "DSN-08",
        "a status for each cause, of class 2, 4 or 5",
        &["rfc_dsn_08_each_cause_has_its_status"],
    ),
    by("DSN-10", "who reports, and who refused", &["rfc_dsn_10_who_reports_and_who_refused"]),
    by(
        "ESC-03",
        "the class of a status is the first digit of its reply",
        &["rfc_esc_03_status_and_reply_agree", "replies_are_read_with_and_without_status"],
    ),
    by(
        "SPAM-02",
        "no open relay: strangers do not send to strangers",
        &["rfc_spam_02_no_open_relay"],
    ),
    in_part(
        "SPF-02",
        "ten look-ups, two of them void, twenty seconds",
        &[
            "rfc_spf_02_ten_look_ups_and_no_more",
            "ten_includes_are_looked_up_and_an_eleventh_is_an_error",
        ],
        "a void look-up is an include without a record, which is an error at once; no check is cut off",
    ),
    by(
        "DMARC-02",
        "pct: the rest goes one step weaker",
        &["rfc_dmarc_02_the_rest_of_a_sample_goes_one_step_weaker"],
    ),
    not(
        "STS-01",
        "MTA-STS, enforced: no exchanger that does not fit",
        "MTA-STS is not modelled: TLS here has no certificates and no policies, only round trips",
    ),
    not(
        "STS-02",
        "MTA-STS, such a failure is transient until the policy is fresh",
        "MTA-STS is not modelled: TLS here has no certificates and no policies, only round trips",
    ),
    not(
        "STS-03",
        "MTA-STS, a policy is kept for its max_age",
        "MTA-STS is not modelled: TLS here has no certificates and no policies, only round trips",
    ),
    not(
        "DANE-01",
        "DANE, a secure TLSA record demands TLS that matches",
        "DANE is not modelled: the DNS here has neither TLSA records nor signatures",
    ),
    not(
        "DANE-02",
        "DANE, a TLSA look-up that fails makes the exchanger unusable",
        "DANE is not modelled: the DNS here has neither TLSA records nor signatures",
    ),
    by(
        "AUTO-01",
        "no automatic reply to null senders, lists and replies",
        &[
            "rfc_auto_01_replies_answer_people_alone",
            "rfc_auto_01_each_rule_ends_a_loop_of_replies",
        ],
    ),
    not(
        "LMTP-01",
        "LMTP, LHLO instead of EHLO",
        "LMTP is not modelled: a store takes mail by SMTP, or delivers what it has into its own mailboxes",
    ),
    not(
        "LMTP-02",
        "LMTP, one reply after the dot for each recipient",
        "LMTP is not modelled: a store takes mail by SMTP, or delivers what it has into its own mailboxes",
    ),
    not(
        "LMTP-03",
        "LMTP, DATA without a valid recipient gets 503",
        "LMTP is not modelled: a store takes mail by SMTP, or delivers what it has into its own mailboxes",
    ),
    not(
        "LMTP-04",
        "LMTP, neither on port 25 nor over a wide-area network",
        "LMTP is not modelled: a store takes mail by SMTP, or delivers what it has into its own mailboxes",
    ),
    not(
        "POP-01",
        "states: who is nobody yet may not read",
        "a visit is settled as a whole by a client that keeps to the order of commands; nobody says a wrong one",
    ),
    by(
        "POP-02",
        "deletions happen at QUIT alone",
        &["rfc_pop_02_messages_are_deleted_at_quit_alone"],
    ),
    not(
        "POP-03",
        "no logout before ten minutes of silence",
        "a visit has no pauses: its commands follow each other at once",
    ),
    not(
        "POP-04",
        "one session at a time has the maildrop",
        "a mailbox has one reader, whose visits follow each other",
    ),
    by(
        "POP-05",
        "what comes during a session waits for the next",
        &["rfc_pop_05_mail_that_comes_during_a_session_waits_for_the_next"],
    ),
    not(
        "IMAP-01",
        "states: FETCH before SELECT is wrong",
        "a visit is settled as a whole by a client that keeps to the order of commands; nobody says a wrong one",
    ),
    by(
        "IMAP-02",
        "no logout before thirty minutes of silence",
        &["rfc_imap_02_a_silent_session_stays_alive"],
    ),
    by(
        "IMAP-03",
        "EXISTS may come while a command runs",
        &["rfc_imap_03_new_mail_is_announced_while_a_command_runs"],
    ),
    not(
        "IMAP-05",
        "UID and UIDVALIDITY name a message",
        "clients remember what they have by itself; mailboxes are never rebuilt, so no UIDVALIDITY changes",
    ),
    not(
        "IMAP-06",
        "EXPUNGE or CLOSE deletes, nothing else",
        "IMAP readers leave their mail where it is: nothing is marked for deletion",
    ),
    not(
        "IMAP-07",
        "several sessions share a mailbox",
        "a mailbox has one reader, whose visits follow each other",
    ),
    by(
        "INV-01",
        "every recipient is somewhere at every instant",
        &["rfc_inv_01_every_recipient_is_somewhere", "mail_is_conserved_on_random_networks"],
    ),
    by(
        "INV-02",
        "a copy at least for each success, and more only after a lost reply",
        &["rfc_inv_02_a_second_copy_has_a_lost_reply"],
    ),
    by(
        "INV-03",
        "no more notices than failures and delays",
        &["rfc_inv_03_no_more_notices_than_failures"],
    ),
    by(
        "INV-04",
        "Received fields are the servers passed",
        &["rfc_inv_04_received_fields_count_the_servers"],
    ),
    by("INV-05", "no attempt before its time", &["rfc_inv_05_no_attempt_before_its_time"]),
    by(
        "INV-06",
        "no exchanger hands on to one that is no better",
        &["rfc_inv_06_no_exchanger_hands_on_to_one_no_better"],
    ),
    by("INV-07", "every run comes to its end", &["rfc_inv_07_every_run_comes_to_its_end"]),
    by(
        "INV-08",
        "the same seed gives the same events",
        &[
            "rfc_inv_08_the_same_seed_gives_the_same_events",
            "the_same_scenario_and_seed_give_the_same_facts",
        ],
    ),
];
