//! A service that cogtok asks for AWS credentials, and that refuses or can't be reached: the message names it, and not the operation that
//! was never sent.

use crate::aws_causes::home_of;
use crate::doctor::says;
use crate::harness::ports::closed_port;
use crate::harness::{Answer, Home, Server};
use serde_json::json;

const ROLE: &str = "arn:aws:iam::111122223333:role/x";
const DENIED: &str = "User: arn:aws:iam::111122223333:user/me is not authorized to perform: sts:AssumeRole";
const SSO: &str = "[profile class]\nsso_session = class\nsso_account_id = 111122223333\nsso_role_name = Admin\n\
                   [sso-session class]\nsso_start_url = https://class.awsapps.com/start\nsso_region = us-east-1\n";
const SSO_CACHE: &str = ".aws/sso/cache/8d767bf5b72373d12f0efd4406677e9ed076f592.json";

/// Its profiles assume a role with keys, with a web identity, and in a container and a machine of AWS.
pub fn home(server: &Server) -> Home {
    let home = home_of(server, "");
    let token = home.plant("token", "a-web-identity-token");
    home.plant(
        ".aws/config",
        format!(
            "[profile keys]\nrole_arn = {ROLE}\nsource_profile = base\n\
             [profile mfa]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n\
             [profile above]\nrole_arn = {ROLE}\nsource_profile = mfa\n\
             [profile base]\naws_access_key_id = AKIAX\naws_secret_access_key = y\n\
             [profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {}\n\
             [profile ecs]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n\
             [profile ec2]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n",
            token.display()
        ),
    );
    home
}

/// What `user list` says with these variables, and whether the doctor and `-v` say the same.
#[track_caller]
pub fn told(home: &Home, variables: &[(&str, &str)], code: i32, says_what: &str, helps: &str) {
    let run = |args: &[&str]| {
        let run = home.cogtok(args.iter().copied());
        variables.iter().fold(run, |run, (name, value)| run.env(name, value))
    };
    let out = run(&["user", "list", "-v", "--timeout", "20s"]).run();
    out.code(code).stderr_has(&format!("there are none that cogtok can use: {says_what}"));
    out.stderr_has(&format!("no AWS credentials: {says_what}")).stderr_has(helps).stderr_lacks("token-canary");
    for internal in ["Error {", "StatusCode", "provider", "error: ListUsers: ", "aws sso login"] {
        out.check(internal == "aws sso login" && helps.contains(internal) || !out.stderr.contains(internal), internal);
    }
    says(&run(&["doctor", "--json", "--timeout", "20s"]).run(), "aws-credentials", "warn", says_what);
}

#[test]
fn what_sts_refuses_is_told_with_the_profile_and_the_role() {
    let cognito = Server::canary();
    let sts = Server::always(sts_error(403, "AccessDenied", DENIED));
    let home = home(&cognito);
    let (url, token) = (sts.url(), home.path("token"));
    let at = ("AWS_ENDPOINT_URL_STS", url.as_str());
    told(
        &home,
        &[at, ("AWS_PROFILE", "keys")],
        9,
        &format!("STS refused profile `keys` of ~/.aws (AssumeRole): AccessDenied: {DENIED}"),
        "check its `role_arn`",
    );
    told(
        &home,
        &[at, ("AWS_PROFILE", "web")],
        9,
        &format!("STS refused profile `web` of ~/.aws (AssumeRoleWithWebIdentity): AccessDenied: {DENIED}"),
        "check its `web_identity_token_file` and `role_arn`",
    );
    let variable = ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap());
    told(
        &home,
        &[at, variable, ("AWS_ROLE_ARN", ROLE)],
        9,
        "STS refused the web identity token that AWS_WEB_IDENTITY_TOKEN_FILE names (AssumeRoleWithWebIdentity): AccessDenied",
        "check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN",
    );
    told(
        &home,
        &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"), ("AWS_ROLE_ARN", ROLE)],
        9,
        "the web identity token in /nowhere/token (AWS_WEB_IDENTITY_TOKEN_FILE) can't be read: No such file or directory",
        "check AWS_WEB_IDENTITY_TOKEN_FILE",
    );
    cognito_was_not_asked(&cognito);
}

#[test]
fn a_service_that_is_not_reached_is_told_instead_of_the_operation() {
    let cognito = Server::canary();
    let home = home(&cognito);
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let (token, uri) = (home.path("token"), format!("{closed}/credentials"));
    let sts = ("AWS_ENDPOINT_URL_STS", closed.as_str());
    let container = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str());
    let variable = ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap());
    for (variables, says_what) in [
        (
            vec![sts, ("AWS_PROFILE", "keys")],
            "STS could not be asked for profile `keys` of ~/.aws (AssumeRole): no connection to 127.0.0.1",
        ),
        (
            vec![sts, variable, ("AWS_ROLE_ARN", ROLE)],
            "STS could not be asked for the web identity token that AWS_WEB_IDENTITY_TOKEN_FILE names \
             (AssumeRoleWithWebIdentity): no connection to 127.0.0.1",
        ),
        (vec![container], "the container's credentials endpoint could not be asked: no connection to 127.0.0.1"),
        (
            vec![container, ("AWS_PROFILE", "ecs")],
            "the container's credentials endpoint could not be asked for profile `ecs` of ~/.aws: no connection to 127.0.0.1",
        ),
        (
            vec![
                ("AWS_EC2_METADATA_SERVICE_ENDPOINT", closed.as_str()),
                ("AWS_EC2_METADATA_DISABLED", "false"),
                ("AWS_PROFILE", "ec2"),
            ],
            "the instance metadata service could not be asked for profile `ec2` of ~/.aws: no connection to 127.0.0.1",
        ),
    ] {
        told(&home, &variables, 6, says_what, "check the URL, the network and the proxy");
    }
    cognito_was_not_asked(&cognito);
}

#[test]
fn what_a_container_or_a_machine_refuses_is_told_with_the_status() {
    let cognito = Server::canary();
    let metadata = Server::always(Answer::new(403, "text/plain", "no").unlike_aws());
    let home = home(&cognito);
    let (url, uri) = (metadata.url(), format!("{}/credentials", metadata.url()));
    let container = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str());
    let machine = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str()), ("AWS_EC2_METADATA_DISABLED", "false")];
    let variables = "check the variables whose names start with AWS_CONTAINER_";
    told(&home, &[container], 9, "the container's credentials endpoint refused: HTTP 403", variables);
    told(
        &home,
        &[container, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token")],
        9,
        "the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names can't be read: No such file",
        variables,
    );
    let named: Vec<_> = machine.into_iter().chain([("AWS_PROFILE", "ec2")]).collect();
    told(
        &home,
        &named,
        9,
        "the instance metadata service refused profile `ec2` of ~/.aws: HTTP 403",
        "check that this machine has an IAM role",
    );
    // Without a profile it is the last of all places, and others would do as well.
    let says_what = "no profile is given, and ~/.aws has no `default`; the instance metadata service refused: HTTP 403";
    told(&home, &machine, 9, says_what, "sign in to AWS (`aws sso login`");
    cognito_was_not_asked(&cognito);
}

/// A home whose profile `class` is signed in to SSO.
pub fn signed_in_to_sso(server: &Server) -> Home {
    let home = home_of(server, SSO);
    home.plant(
        SSO_CACHE,
        json!({"accessToken": "sso-access-token-canary", "expiresAt": "2199-01-01T00:00:00Z", "region": "us-east-1",
            "startUrl": "https://class.awsapps.com/start"})
        .to_string(),
    );
    home
}

/// What STS answers when it refuses.
pub fn sts_error(status: u16, code: &str, message: &str) -> Answer {
    Answer::new(
        status,
        "text/xml",
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

#[test]
fn what_sso_refuses_is_told_as_what_it_is() {
    let cognito = Server::canary();
    let home = signed_in_to_sso(&cognito);
    let answer = |status, code: &str, message: &str| {
        Server::always(Answer::json(status, &json!({"message": message})).header("x-amzn-ErrorType", code).unlike_aws())
    };
    let name = ("AWS_PROFILE", "class");
    let denied = answer(403, "ForbiddenException", "No access");
    told(
        &home,
        &[name, ("AWS_ENDPOINT_URL_SSO", &denied.url())],
        9,
        "SSO refused profile `class`: ForbiddenException: No access",
        "check its `sso_account_id` and `sso_role_name`",
    );
    let expired = answer(401, "UnauthorizedException", "Session token not found or invalid");
    told(
        &home,
        &[name, ("AWS_ENDPOINT_URL_SSO", &expired.url())],
        9,
        "the SSO session of profile `class` has expired",
        "`aws sso login --profile class`",
    );
    let closed = format!("http://127.0.0.1:{}", closed_port());
    told(
        &home,
        &[name, ("AWS_ENDPOINT_URL_SSO", &closed)],
        6,
        "SSO could not be asked for profile `class` of ~/.aws: no connection to 127.0.0.1",
        "check the URL, the network and the proxy",
    );
    cognito_was_not_asked(&cognito);
}

#[test]
fn a_clock_that_is_wrong_is_not_taken_for_a_wrong_key() {
    let cognito = Server::canary();
    let home = home(&cognito);
    let wrong = "The request signature we calculated does not match the signature you provided.";
    for (code, message, helps) in [
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20261129T203312Z is now earlier than 20261129T211512Z",
            "hint: check this machine's clock\n",
        ),
        (
            "SignatureDoesNotMatch",
            "Signature not yet current: 20261129T215312Z is still later than 20261129T211512Z",
            "hint: check this machine's clock\n",
        ),
        ("RequestExpired", "Request has expired.", "hint: check this machine's clock\n"),
        ("SignatureDoesNotMatch", wrong, "hint: check the access keys of profile `base`"),
    ] {
        let sts = Server::always(sts_error(403, code, message).unlike_aws());
        let says = format!("STS refused profile `keys` of ~/.aws (AssumeRole): {code}: {message}");
        told(&home, &[("AWS_PROFILE", "keys"), ("AWS_ENDPOINT_URL_STS", &sts.url())], 9, &says, helps);
    }
    cognito_was_not_asked(&cognito);
}

#[test]
fn a_role_that_wants_an_mfa_code_is_blamed_only_where_sts_denies_it() {
    let cognito = Server::canary();
    let home = home(&cognito);
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let ask = |profile, url: &str, code, says: &str, helps: &str| {
        told(&home, &[("AWS_PROFILE", profile), ("AWS_ENDPOINT_URL_STS", url)], code, says, helps);
    };
    let unknown = "The security token included in the request is invalid.";
    let refusing = Server::always(sts_error(403, "InvalidClientTokenId", unknown).unlike_aws());
    let says = "STS refused profile `mfa` of ~/.aws (AssumeRole): InvalidClientTokenId: ";
    ask("mfa", &refusing.url(), 9, says, "check the access keys of profile `base`");
    let failing = Server::always(Answer::new(503, "text/html", "<html>").unlike_aws());
    ask("mfa", &failing.url(), 6, "STS failed for profile `mfa` of ~/.aws (AssumeRole): HTTP 503", "try again");
    let says = "STS could not be asked for profile `mfa` of ~/.aws (AssumeRole): no connection to 127.0.0.1";
    ask("mfa", &closed, 6, says, "check the URL, the network and the proxy");
    let denying = Server::always(sts_error(403, "AccessDenied", DENIED));
    for profile in ["mfa", "above"] {
        let says = "profile `mfa` of ~/.aws needs an MFA code (from arn:aws:iam::111122223333:mfa/me)";
        ask(profile, &denying.url(), 9, says, "aws configure export-credentials --profile mfa");
    }
    cognito_was_not_asked(&cognito);
}

/// No signed operation was sent.
#[track_caller]
pub fn cognito_was_not_asked(server: &Server) {
    let asked = |target: &str| target.ends_with("ListUsers");
    assert!(!server.requests().iter().any(|request| request.header("x-amz-target").is_some_and(asked)));
}
