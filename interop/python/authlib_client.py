"""Authlib: first as a web application uses it, through Flask; then its session, for whatever comes after sign-in."""

import json
import os
import urllib.parse
from importlib.metadata import version

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, jsonify

ISSUER = os.environ["MATRICULA_ISSUER"]
DRIVE = os.environ["MATRICULA_DRIVE"]

# Where the client is told the answer. Nobody listens there: alice stops before.
REDIRECT_URI = "http://127.0.0.1:8765/callback"
SCOPE = "openid profile email offline_access orders:read"


def check(topic, sentence, by="yes"):
    print("check", topic, by, sentence, sep="\t", flush=True)


def drive(url, decision="allow"):
    """Alice opens an authorization URL, signs in, and decides; returns where she was sent."""
    answer = requests.get(DRIVE, params={"url": url, "decision": decision}, timeout=60)
    assert answer.ok, answer.text
    return answer.text


def register(metadata, method):
    """By hand: the library is registered with, and does not register."""
    asked = {
        "client_name": "interop",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": method,
    }
    answer = requests.post(metadata["registration_endpoint"], json=asked, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()


def application(client):
    """A web application as the library's own documentation writes it."""
    app = Flask("interop")
    app.secret_key = "of one run"
    oauth = OAuth(app)
    oauth.register(
        "matricula",
        client_id=client["client_id"],
        client_secret=client.get("client_secret"),
        server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": client["token_endpoint_auth_method"],
        },
    )

    @app.get("/login")
    def login():
        return oauth.matricula.authorize_redirect(REDIRECT_URI)

    @app.get("/callback")
    def callback():
        try:
            token = oauth.matricula.authorize_access_token()
        except OAuthError as error:
            return jsonify(error=error.error, description=error.description), 403
        return jsonify(token=token, about=oauth.matricula.userinfo())

    return app


def callback_of(browser, decision="allow"):
    """Where the application is told the answer, as a path of its own."""
    url = browser.get("/login").headers["Location"]
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    assert asked["code_challenge_method"] == "S256", asked
    assert asked["nonce"], asked
    answer = drive(url, decision)
    assert answer.startswith(REDIRECT_URI), answer
    query = urllib.parse.urlsplit(answer).query
    assert dict(urllib.parse.parse_qsl(query))["iss"] == ISSUER, answer
    return f"/callback?{query}"


def sign_in(client):
    """Signs in through the application. Returns the tokens, and what is known of alice."""
    browser = application(client).test_client()
    denied = browser.get(callback_of(browser, "deny"))
    assert denied.get_json()["error"] == "access_denied", denied.data
    path = callback_of(browser)
    check("iss", "the answer names its issuer", "by hand")
    answer = browser.get(path)
    assert answer.status_code == 200, answer.data
    check("code", "a code and its verifier become tokens")
    found = answer.get_json()
    token, about = found["token"], found["about"]
    assert token["userinfo"]["iss"] == ISSUER, token
    assert token["userinfo"]["nonce"], token
    check("id-token", "signature, issuer, audience, nonce, times")
    assert about["email"] == "alice@example.com", about
    assert about["sub"] == token["userinfo"]["sub"], about
    check("userinfo", "the claims of alice")
    return token, about


def refused(sentence, action):
    try:
        action()
    except OAuthError as error:
        assert error.error == "invalid_grant", error
        check("refusal", f"{sentence}: OAuthError, invalid_grant")
        return
    raise AssertionError("it was not refused")


def session_of(client, metadata, **more):
    """What the library calls a session; it is told where everything is."""
    method = client["token_endpoint_auth_method"]
    return OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        token_endpoint=metadata["token_endpoint"],
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge_method="S256",
        **more,
    )


def wrong_verifier(client, metadata):
    session = session_of(client, metadata)
    verifier = "a-verifier-of-a-sufficient-length-0123456789-0123456789"
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier
    )
    answer = drive(url)
    refused(
        "another verifier",
        lambda: session.fetch_token(
            authorization_response=answer, state=state, code_verifier=verifier + "-another"
        ),
    )
    session.fetch_token(authorization_response=answer, state=state, code_verifier=verifier)
    refused(
        "a code that was used",
        lambda: session.fetch_token(
            authorization_response=answer, state=state, code_verifier=verifier
        ),
    )


def afterwards(client, metadata, token, about, asker):
    """What a client does with its tokens."""
    session = session_of(client, metadata, token=token)
    for _ in range(2):
        before = session.token["refresh_token"]
        session.refresh_token()
        assert session.token["refresh_token"] != before, "it was not rotated"
    check("refresh", "twice, each refresh token is another")

    def introspect(token):
        answer = asker.introspect_token(metadata["introspection_endpoint"], token=token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    access_token, refresh_token = session.token["access_token"], session.token["refresh_token"]
    known = introspect(access_token)
    assert known["active"] and known["sub"] == about["sub"], known
    assert known["client_id"] == client["client_id"], known
    check("introspection", "an access token is active, and of the same subject")

    answer = session.revoke_token(
        metadata["revocation_endpoint"], token=access_token, token_type_hint="access_token"
    )
    assert answer.status_code == 200, answer.text
    assert introspect(access_token) == {"active": False}
    assert session.get(metadata["userinfo_endpoint"]).status_code == 401
    answer = session.revoke_token(metadata["revocation_endpoint"], token=refresh_token)
    assert answer.status_code == 200, answer.text
    check("revocation", "a revoked access token is dead")
    refused("a revoked refresh token", lambda: session.refresh_token(refresh_token=refresh_token))
    check("revocation", "a revoked refresh token is dead")


def main():
    print(version("Authlib"), flush=True)
    well_known = f"{ISSUER}/.well-known/openid-configuration"
    metadata = requests.get(well_known, timeout=60).json()

    client = register(metadata, "client_secret_basic")
    check("registration", "a client with a secret", "by hand")
    token, about = sign_in(client)
    check("discovery", "OpenID Connect Discovery, at the address that it is given")
    wrong_verifier(client, metadata)
    afterwards(client, metadata, token, about, session_of(client, metadata))

    public = register(metadata, "none")
    assert "client_secret" not in public, json.dumps(public)
    token, about = sign_in(public)
    api = OAuth2Session("orders-api", "orders-api-secret")
    afterwards(public, metadata, token, about, api)
    check("public", "all of it again with nothing but an id; an API introspects")


main()
