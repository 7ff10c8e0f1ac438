//! The program's services beyond tokens: imports, exports, the doctor, users, MCP.

pub mod aws_credentials;
pub mod bedrock_key;
pub mod cards;
pub mod config_edit;
pub mod config_lint;
pub mod connection_headers;
pub mod create_user;
pub mod create_users;
pub mod doctor;
pub mod export;
pub mod import;
pub mod journal;
pub mod mcp;
pub mod mcp_clients;
pub mod output_file;
pub mod password_generator;
pub mod rotation;
pub mod seat_folder;
pub mod serve;
pub mod spool;
mod store_secret;
pub mod token_file;
pub mod user_file;
pub mod user_filter;
mod user_name;
