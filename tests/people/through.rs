//! Signing in on the page through an identity provider: what is sent there, what may come back, and
//! what it gives.

use std::time::Duration;

use polder_wire::v1::{
    self, ActKind, BeginSignInRequest, BeginSignInResponse, CallerKind, ListSignInProvidersRequest,
    ProviderSignIn, Role, people_service_client::PeopleServiceClient, sign_in_request::Means,
};
use serde_json::{Value, json};
use tonic::{Code, Request, Status};

use crate::{
    account::everything,
    harness::*,
    issuer::{CLIENT, Provider, SECRET, Shows, now_s, parts},
    providers::granted,
    who::*,
};

async fn offered(node: &Running) -> Vec<v1::SignInProvider> {
    let mut client = PeopleServiceClient::new(node.connect().await);
    let answer = client.list_sign_in_providers(ListSignInProvidersRequest {}).await.unwrap();
    answer.into_inner().providers
}

async fn begin_from(
    node: &Running,
    provider: &str,
    origin: Option<String>,
) -> Result<BeginSignInResponse, Status> {
    let mut client = PeopleServiceClient::new(node.connect().await);
    let asked = BeginSignInRequest { provider: provider.to_owned(), ask_again: false };
    let mut request = Request::new(asked);
    origin.map(|origin| request.metadata_mut().insert("origin", origin.parse().unwrap()));
    Ok(client.begin_sign_in(request).await?.into_inner())
}

/// As the page of the node does.
async fn begin(node: &Running) -> Result<BeginSignInResponse, Status> {
    let name = offered(node).await.remove(0).name;
    begin_from(node, &name, Some(format!("http://{}", node.listen))).await
}

/// What a person brings back whom the provider let in.
fn back(provider: &Provider, begun: &BeginSignInResponse, code: String) -> ProviderSignIn {
    let asked = parts(begun.address.split_once('?').unwrap().1);
    ProviderSignIn {
        state: asked["state"].clone(),
        secret: begun.secret.clone(),
        code,
        error: String::new(),
        issuer: provider.issuer().to_owned(),
    }
}

async fn come(node: &Running, back: ProviderSignIn) -> Result<Person, Status> {
    sign_in_by(node, Means::Provider(back)).await
}

/// From the door to the picture, with a token of these claims.
async fn with_claims(
    node: &Running,
    provider: &Provider,
    change: impl FnOnce(&mut Value),
) -> Result<Person, Status> {
    let begun = begin(node).await?;
    let mut claims = provider.claims_for(&begun.address);
    change(&mut claims);
    let code = provider.lets_in(&begun.address, &claims);
    come(node, back(provider, &begun, code)).await
}

/// Reasons for which somebody was kept out, as an auditor reads them.
async fn kept_out(node: &Running) -> Vec<String> {
    let admin = sign_in(node, "admin", PASSPHRASE).await.unwrap();
    let mut auditor = account("ada", vec![grant(Role::Auditor, "tester", "")]);
    auditor.passphrase = PASSPHRASE.into();
    admin.people().set_account(auditor).await.unwrap();
    let ada = sign_in(node, "ada", PASSPHRASE).await.unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let acts = everything(&ada).await;
        let out = acts.iter().filter(|act| act.kind() == ActKind::KeptOut);
        let reasons: Vec<_> = out.map(|act| act.detail.clone()).collect();
        // They are counted for ten seconds before they are written down.
        if !reasons.is_empty() || std::time::Instant::now() > end {
            return reasons;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn who_signs_in_through_a_provider_is_in_also_after_a_restart_until_they_sign_out() {
    let home = Home::new();
    let folder = home.beside("authority");
    std::fs::create_dir(&folder).unwrap();
    let provider = Provider::start_encrypted(Shows::Basic, folder).await;
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config_of_page()).await;
    let [shown] = &offered(&node).await[..] else { panic!("one provider") };
    assert_eq!(shown.display_name, "Region");

    let begun = begin(&node).await.unwrap();
    let (endpoint, asked) = begun.address.split_once('?').unwrap();
    assert_eq!(endpoint, format!("{}/authorize", provider.issuer()));
    let asked = parts(asked);
    for (name, value) in [
        ("theme", "region"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", &format!("http://{}/", node.listen)),
        ("scope", "openid email profile"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert!(!begun.address.contains(&begun.secret), "the secret stays in the browser");
    let code = provider.lets_in(&begun.address, &provider.claims_for(&begun.address));
    let person = come(&node, back(&provider, &begun, code.clone())).await.unwrap();
    let caller = person.caller().await.unwrap();
    assert_eq!(caller.kind(), CallerKind::Provider);
    assert_eq!((&caller.person[..], &caller.display_name[..]), {
        ("j.jansen@example.nl", "Jan Jansen")
    });
    assert_eq!(caller.rights, ["look", "read"]);
    let said = node.stderr.lock().unwrap().clone();
    assert!(!said.contains(&code) && !said.contains(SECRET), "secrets are in no log");

    // The provider is not needed any more, nor the process that let the person in.
    provider.end().await;
    drop(node);
    let node = home.start_with(&provider.config_of_page()).await;
    let again = Person::with(&node, &person.token).await;
    assert_eq!(again.caller().await.unwrap().rights, ["look", "read"]);
    let refused = begin(&node).await;
    // What it said of itself is on disk; that it does not answer shows when a code is exchanged.
    let unreached =
        come(&node, back(&provider, &refused.unwrap(), "a".into())).await.err().unwrap();
    assert_eq!((unreached.code(), reason(&unreached)), {
        (Code::FailedPrecondition, "PROVIDER_UNREACHABLE".into())
    });
    again.people().sign_out(v1::SignOutRequest {}).await.unwrap();
    drop(node);
    let node = home.start_with(&provider.config_of_page()).await;
    let out = Person::with(&node, &person.token).await.caller().await.unwrap_err();
    assert_eq!(reason(&out), "SESSION_ENDED");
    // All of it is on record, as of whoever signs in by an account.
    let admin = sign_in(&node, "admin", PASSPHRASE).await.unwrap();
    let auditor = account("ada", vec![grant(Role::Auditor, "tester", "")]);
    admin.people().set_account(auditor).await.unwrap();
    let ada = sign_in(&node, "ada", PASSPHRASE).await.unwrap();
    let acts = everything(&ada).await;
    let own: Vec<_> = acts.iter().filter(|act| act.person == "j.jansen@example.nl").collect();
    let kinds: Vec<_> = own.iter().map(|act| act.kind()).collect();
    assert_eq!(kinds, [ActKind::LetIn, ActKind::SignedOut]);
    assert_eq!(own[0].detail, "127.0.0.1");
}

#[tokio::test]
async fn only_what_was_begun_in_this_browser_comes_back_and_once() {
    let provider = Provider::start().await;
    let home = Home::new();
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config_of_page()).await;
    let name = offered(&node).await.remove(0).name;
    let own = || Some(format!("http://{}", node.listen));

    // A page of somebody else, a program, a provider that does not exist.
    let other = begin_from(&node, &name, Some("https://evil.example".into())).await.unwrap_err();
    assert_eq!(other.code(), Code::PermissionDenied);
    let program = begin_from(&node, &name, None).await.unwrap_err();
    assert_eq!(wrong_fields(&program), ["origin"]);
    let unknown = begin_from(&node, "providers/none", own()).await.unwrap_err();
    assert_eq!((wrong_fields(&unknown), reason(&unknown)), {
        (vec!["provider".to_owned()], "PROVIDER_NOT_FOUND".into())
    });

    let (begun, another) = (begin(&node).await.unwrap(), begin(&node).await.unwrap());
    let code = provider.lets_in(&begun.address, &provider.claims_for(&begun.address));
    let sound = back(&provider, &begun, code);
    for wrong in [
        ProviderSignIn { state: "guessed".into(), ..sound.clone() },
        ProviderSignIn { secret: String::new(), ..sound.clone() },
        // Somebody sends a victim back with an address of their own: the secret is not there.
        ProviderSignIn { secret: another.secret.clone(), ..sound.clone() },
        ProviderSignIn { state: "x".repeat(2_000), ..sound.clone() },
    ] {
        let refused = come(&node, wrong).await.err().unwrap();
        assert_eq!((refused.code(), reason(&refused)), {
            (Code::Unauthenticated, "SIGN_IN_STATE".into())
        });
    }
    // Nothing of that took the way back from who left.
    assert!(come(&node, sound.clone()).await.is_ok());
    let twice = come(&node, sound).await.err().unwrap();
    assert_eq!(reason(&twice), "SIGN_IN_STATE");

    // Another provider passes off its answer as that of the one that was asked.
    let code = provider.lets_in(&another.address, &provider.claims_for(&another.address));
    let mixed = back(&provider, &another, code);
    let mixed = ProviderSignIn { issuer: "https://evil.example".into(), ..mixed };
    assert_eq!(reason(&come(&node, mixed).await.err().unwrap()), "TOKEN_ISSUER");
    // Whoever declines there is told so, in the word of the provider if it is one.
    for (error, told) in [("access_denied", "access_denied"), ("<b>x", "without a reason")] {
        let begun = begin(&node).await.unwrap();
        let declined = back(&provider, &begun, String::new());
        let refused = come(&node, ProviderSignIn { error: error.into(), ..declined }).await;
        let refused = refused.err().unwrap();
        assert_eq!(reason(&refused), "PROVIDER_REFUSED");
        assert!(refused.message().contains(told), "{refused:?}");
    }
    let reasons = kept_out(&node).await;
    for reason in ["SIGN_IN_STATE", "TOKEN_ISSUER", "PROVIDER_REFUSED"] {
        assert!(reasons.iter().any(|one| one == reason), "{reason} is not on record: {reasons:?}");
    }
}

#[tokio::test]
async fn a_token_that_answers_something_else_signs_nobody_in_and_trying_takes_ever_longer() {
    let provider = Provider::start_with(Shows::Post, None).await;
    let home = Home::new();
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config_of_page()).await;
    let refused = async |change: &dyn Fn(&mut Value)| {
        reason(&with_claims(&node, &provider, change).await.err().unwrap())
    };
    assert_eq!(refused(&|claims| claims["nonce"] = json!("another")).await, "TOKEN_NONCE");
    let none = |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove("nonce"));
    assert_eq!(refused(&none).await, "TOKEN_NONCE");
    assert_eq!(refused(&|claims| claims["aud"] = json!("polder")).await, "TOKEN_AUDIENCE");
    let several = |claims: &mut Value| claims["aud"] = json!([CLIENT, "other"]);
    assert_eq!(refused(&several).await, "TOKEN_AUDIENCE", "for several, and it does not say whose");
    // Who comes in begins anew: the waits are for whoever fails.
    assert!(with_claims(&node, &provider, |_| ()).await.is_ok());
    assert_eq!(refused(&|claims| claims["azp"] = json!("other")).await, "TOKEN_AUDIENCE");
    assert_eq!(refused(&|claims| claims["exp"] = json!(now_s() - 120)).await, "TOKEN_EXPIRED");
    assert_eq!(refused(&|claims| claims["iss"] = json!("https://other")).await, "TOKEN_ISSUER");
    let begun = begin(&node).await.unwrap();
    let unsigned = json!({ "alg": "none", "kid": "point" });
    let token = provider.token(&unsigned, &provider.claims_for(&begun.address));
    let code = provider.gives(&begun.address, token);
    let refusal = come(&node, back(&provider, &begun, code)).await.err().unwrap();
    assert_eq!(refusal.code(), Code::Unauthenticated);
    let guess = async || {
        let begun = begin(&node).await.unwrap();
        come(&node, back(&provider, &begun, "guessed".into())).await.err().unwrap()
    };
    let wrong = guess().await;
    assert_eq!(reason(&wrong), "PROVIDER_REFUSED");
    assert!(wrong.message().contains("invalid_grant"), "{wrong:?}");
    let mut reasons = Vec::new();
    while reasons.len() < 8 && !reasons.iter().any(|reason| reason == "SIGN_IN_LOCKED") {
        reasons.push(reason(&guess().await));
    }
    assert_eq!(reasons.last().unwrap(), "SIGN_IN_LOCKED", "{reasons:?}");
}

#[tokio::test]
async fn whom_nobody_gave_a_role_or_who_is_blocked_stays_outside_and_is_told_why() {
    let provider = Provider::start().await;
    let home = Home::new();
    granted(&home, &provider).await;
    let node = home.start_with(&provider.config_of_page()).await;
    let eve = |claims: &mut Value| claims["email"] = json!("eve@example.nl");
    let refused = with_claims(&node, &provider, eve).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused)), {
        (Code::PermissionDenied, "PERSON_UNKNOWN".into())
    });
    assert!(refused.message().contains("eve@example.nl"), "{refused:?}");
    let unproven = |claims: &mut Value| claims["email_verified"] = json!(false);
    let refused = with_claims(&node, &provider, unproven).await.err().unwrap();
    assert_eq!(reason(&refused), "TOKEN_INVALID");

    // Who is blocked is out at once, and an old session does not come to life again.
    let jan = with_claims(&node, &provider, |_| ()).await.unwrap();
    assert!(jan.caller().await.is_ok());
    let admin = sign_in(&node, "admin", PASSPHRASE).await.unwrap();
    let mut set = account("j.jansen@example.nl", vec![grant(Role::Reader, "tester", "")]);
    set.passphrase.clear();
    set.account.as_mut().unwrap().disabled = true;
    admin.people().set_account(set.clone()).await.unwrap();
    assert_eq!(reason(&jan.caller().await.unwrap_err()), "SESSION_ENDED");
    let blocked = with_claims(&node, &provider, |_| ()).await.err().unwrap();
    assert_eq!(reason(&blocked), "PERSON_UNKNOWN");
    set.account.as_mut().unwrap().disabled = false;
    admin.people().set_account(set).await.unwrap();
    assert_eq!(reason(&jan.caller().await.unwrap_err()), "SESSION_ENDED");
    let again = with_claims(&node, &provider, |_| ()).await.unwrap();
    assert!(again.caller().await.is_ok());

    // What the provider stood for ends when the operator believes it no longer.
    drop(node);
    let node = home.start().await;
    let out = Person::with(&node, &again.token).await.caller().await.unwrap_err();
    assert_eq!(reason(&out), "SESSION_ENDED");
}

#[tokio::test]
async fn a_provider_out_of_reach_or_not_believed_is_said_and_accounts_of_the_node_still_work() {
    let home = Home::new();
    let folder = home.beside("authority");
    std::fs::create_dir(&folder).unwrap();
    let provider = Provider::start_encrypted(Shows::Nothing, folder).await;
    granted(&home, &provider).await;
    // Its certificate is by an authority that this machine does not know.
    let config = provider.config_of_page();
    let config: Vec<_> = config.lines().filter(|line| !line.starts_with("ca = ")).collect();
    let node = home.start_with(&config.join("\n")).await;
    let refused = begin(&node).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), {
        (Code::FailedPrecondition, "PROVIDER_UNREACHABLE".into())
    });
    assert_eq!(provider.asked(), 0);
    assert!(sign_in(&node, "admin", PASSPHRASE).await.is_ok());
    // Without a client the page does not offer it.
    drop(node);
    let node = home.start_with(&provider.config()).await;
    assert!(offered(&node).await.is_empty());
}
