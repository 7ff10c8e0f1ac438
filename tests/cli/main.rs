//! The test crate: every test drives the real `cogtok` against real services. One module per command. It needs Linux; elsewhere
//! it holds no test.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::exit
)]

mod another_home;
mod answers_by_status;
mod answers_out_of_time;
mod answers_without;
mod aws_account;
mod aws_causes;
mod aws_credentials;
mod cache;
mod cache_command;
mod cache_faults;
mod cache_reads;
mod cache_unremovable;
mod call_gateway;
mod call_gateway_odd;
mod call_gateway_wire;
mod call_http;
mod call_http_faults;
mod call_http_refused;
mod call_model;
mod call_model_refused;
mod call_runtime;
mod call_runtime_command;
mod call_runtime_refused;
mod call_runtime_socket;
mod call_runtime_socket_proxy;
mod challenge;
mod challenge_setup;
mod challenge_tty;
mod challenge_wire;
mod clock;
mod completion;
mod completion_command;
mod completion_install;
mod completion_powershell;
mod completion_tab;
mod completion_values;
mod config_missing;
mod config_null;
mod copy;
mod copy_x11;
mod credential_process;
mod device;
mod docs_run;
mod docs_templates;
mod doctor;
mod doctor_clients;
mod doctor_faults;
mod doctor_next;
mod doctor_targets;
mod elvish_and_nushell;
mod errors_of_operations;
mod exec;
mod exec_renew;
mod exec_signals;
mod export;
mod export_failing;
mod first_run;
mod fleet;
mod flows;
mod flows_downgrade;
mod groups;
mod hand_edit;
mod harness;
mod harness_selftest;
mod header;
mod help_screens;
mod help_topics;
mod hints;
mod hostile;
mod hostile_answers;
mod hostile_api;
mod hostile_proxy;
mod house;
mod import;
mod import_absent;
mod import_files;
mod import_hostile;
mod import_names;
mod import_secrets;
mod import_shared;
mod init;
mod input_shapes;
mod interrupts;
mod keyring_faults;
mod keyring_strangers;
mod library;
mod library_users;
mod library_verify;
mod local_faults;
mod local_state;
mod local_state_more;
mod login;
mod login_discovery;
mod login_listener;
mod login_sign_up;
mod login_terminal;
mod login_wire;
mod logout;
mod logout_left;
mod m2m_limit;
mod mcp_inspector;
mod mcp_install;
mod mcp_proxy;
mod mcp_proxy_by_default;
mod mcp_proxy_cancelled;
mod mcp_proxy_login;
mod mcp_proxy_wire;
mod mcp_resumed;
mod migrating;
mod modules;
mod not_durable;
mod odd_surroundings;
mod other_tools;
mod others_write;
mod output_at_terminals;
mod password;
mod password_policy;
mod process_hygiene;
mod profile;
mod profile_config;
mod profile_delete;
mod profile_edit;
mod profile_export;
mod profile_export_sealed;
mod profile_herd;
mod profile_lint;
mod profile_origin;
mod profile_prompt;
mod profile_rename;
mod profile_shared;
mod prompt;
mod prompt_again;
mod redirects;
mod reference;
mod refusals_explained;
mod refused_scopes;
mod round_trips;
mod scripts_recipes;
mod sealed;
mod sealed_costly;
mod sealed_faults;
mod sealed_init;
mod secret;
mod secret_binding;
mod secret_bundle;
mod secret_guard;
mod secret_keyring;
mod secret_rotate;
mod secret_rotate_manager;
mod secret_unnoted;
mod serve;
mod service_text;
mod session;
mod session_faults;
mod session_kept;
mod session_unrenewable;
mod sign_in_offers;
mod sign_up;
mod signed_in;
mod sinks;
mod sinks_dotenv;
mod sinks_files;
mod sinks_quoting;
mod slips;
mod standard_streams;
mod status;
mod store_changed;
mod store_unreadable;
mod tables;
mod targets;
mod targets_shared;
mod terms;
mod text_of_windows;
mod threats;
mod token_act;
mod token_check;
mod token_check_live;
mod token_exchange;
mod token_inspect;
mod token_m2m;
mod token_m2m_api;
mod token_m2m_secret;
mod token_m2m_wire;
mod token_revoke;
mod token_types;
mod token_user;
mod token_user_refused;
mod token_verify;
mod token_verify_keys;
mod token_verify_remote;
mod totp;
mod troubleshooting;
mod under_fire;
mod under_fire_herds;
mod usage;
mod user_agent;
mod user_bad_files;
mod user_cards;
mod user_change;
mod user_create;
mod user_create_doubt;
mod user_create_killed;
mod user_create_lost;
mod user_create_many;
mod user_delete_many;
mod user_filter;
mod user_jsonl;
mod user_list;
mod user_look_after;
mod user_policy;
mod user_reap;
mod user_runs;
mod user_seats;
mod user_set_passwords;
mod verdicts;
mod waiting;
mod ways_out;

#[test]
fn every_test_file_is_wired_in() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs") else { continue };
        assert!(
            module == "main" || main.lines().any(|line| line == format!("mod {module};")),
            "tests/cli/{name} is never compiled: add `mod {module};` to tests/cli/main.rs"
        );
    }
}
