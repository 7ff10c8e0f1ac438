//! Times that no clock has, from servers: what the SDK would reckon with them ends in no panic.

use crate::harness::{Answer, Home, Server};
use serde_json::json;

const DATES: [&str; 7] = [
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Sat, 31 Dec 99999 23:59:59 GMT",
    "Mon, 01 Jan -9999 00:00:00 GMT",
    "soon",
];

fn home_at(endpoint: &str) -> Home {
    let home = Home::new();
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{endpoint}\"\n"
    ));
    home
}

fn users(dates: serde_json::Value) -> Answer {
    let user = json!({"Username": "u", "UserStatus": "CONFIRMED", "Enabled": true, "UserCreateDate": dates,
        "UserLastModifiedDate": dates, "Attributes": []});
    Answer::new(200, "application/x-amz-json-1.1", json!({"Users": [user]}).to_string())
}

#[test]
fn a_signed_call_is_tried_again_after_any_date() {
    for date in DATES {
        let busy = Answer::aws_error("TooManyRequestsException", "Rate exceeded");
        for first in [busy, Answer::new(500, "text/html", "<html>"), Answer::close()] {
            let server = Server::script([first.header("Date", date), users(json!(1_767_225_600)).header("Date", date)]);
            let home = home_at(&server.url());
            home.cogtok(["user", "list", "-p", "ws", "--json"]).aws().run().ok();
            assert_eq!(server.hits(), 2, "{date}");
        }
        // A body that does not parse.
        let server =
            Server::always(Answer::new(200, "application/x-amz-json-1.1", "{").header("Date", date).unlike_aws());
        home_at(&server.url()).cogtok(["user", "list", "-p", "ws"]).aws().run().code(6);
    }
}

/// The clock goes on between two tries, and so does the moment that the second is signed at: past the last that there is.
#[test]
fn a_second_try_is_not_signed_at_a_moment_that_there_is_not() {
    let last = "Fri, 31 Dec 9999 23:59:59 GMT";
    for first in [
        Answer::aws_error("TooManyRequestsException", "Rate exceeded"),
        Answer::new(500, "text/html", "<html>"),
        Answer::aws_error("InvalidSignatureException", "Signature not yet current"),
    ] {
        let first = first.header("Date", last).delay(std::time::Duration::from_millis(2500));
        let server = Server::script([first, users(json!(1_767_225_600))]);
        let output = home_at(&server.url()).cogtok(["user", "list", "-p", "ws", "--json"]).aws().run();
        output.check(matches!(output.code, Some(0 | 9)), "no panic").stderr_lacks("bug");
    }
}

#[test]
fn two_dates_are_no_date() {
    let busy = Answer::aws_error("TooManyRequestsException", "Rate exceeded");
    let busy = busy.header("Date", "Sat, 28 Nov 2026 09:00:00 GMT").header("Date", DATES[0]);
    let server = Server::script([busy, users(json!(1_767_225_600))]);
    home_at(&server.url()).cogtok(["user", "list", "-p", "ws", "--json"]).aws().run().ok();
}

#[test]
fn any_moment_and_any_pause_that_is_named_is_taken() {
    for moment in [
        json!(1e300),
        json!(-1e300),
        json!(253_402_300_800_u64),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.1),
    ] {
        let server = Server::always(users(moment.clone()));
        let output = home_at(&server.url()).cogtok(["user", "list", "-p", "ws"]).aws().run();
        output.check(matches!(output.code, Some(0 | 6)), &moment.to_string());
    }
    for pause in ["18446744073709551615", "-1", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let busy = Answer::new(503, "text/plain", "").header("Retry-After", pause).header("x-amz-retry-after", pause);
        let server = Server::always(busy);
        home_at(&server.url()).cogtok(["user", "list", "-p", "ws"]).aws().run().code(6);
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        home.scripted_m2m(&[]).run().code(6).stderr_has("HTTP 503");
    }
}

/// The metadata service says how long its token counts, which is added to the clock.
#[test]
fn a_token_of_the_metadata_service_may_count_for_ever() {
    for life in ["18446744073709551615", "9223372036854775807", "21600"] {
        let metadata = Server::start(move |request| match request.path.as_str() {
            "/latest/api/token" => {
                Answer::new(200, "text/plain", "token").header("x-aws-ec2-metadata-token-ttl-seconds", life)
            }
            path if path.ends_with("/security-credentials/") || path.ends_with("/security-credentials-extended/") => {
                Answer::new(200, "text/plain", "role")
            }
            path if path.ends_with("/role") => Answer::json(
                200,
                &json!({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s",
                    "Token": "t", "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "9999-12-31T23:59:59Z"}),
            ),
            _ => Answer::new(404, "text/plain", ""),
        });
        let server = Server::always(users(json!(1_767_225_600)));
        let home = home_at(&server.url());
        let run = home.cogtok(["user", "list", "-p", "ws", "--json"]).env("AWS_EC2_METADATA_DISABLED", "false");
        run.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url()).run().ok();
        assert!(metadata.hits() > 1, "{life}");
    }
}
