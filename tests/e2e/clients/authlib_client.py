"""Authlib against Concord: discovery, code and PKCE, PAR, userinfo, refresh, introspection, logout."""

import os
import sys
import traceback
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jwt

from person import Person

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http on loopback

ISSUER, CLIENT_ID, CLIENT_SECRET = os.environ["ISSUER"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
REDIRECT, AFTER_LOGOUT = os.environ["REDIRECT_URI"], os.environ["POST_LOGOUT_REDIRECT_URI"]
SCOPE = os.environ.get("SCOPE", "openid profile email offline_access")
person = Person(os.environ["PERSON_EMAIL"], "Anton", "seven quiet owls read maps", os.environ["MAIL_DIR"])
http = requests.Session()
http.trust_env = False


def parameter(url, name):
    return parse_qs(urlsplit(url).query).get(name, [None])[0]


def session():
    made = OAuth2Session(CLIENT_ID, CLIENT_SECRET, scope=SCOPE, redirect_uri=REDIRECT, code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic")
    made.trust_env = False
    return made


def discovery(state):
    state["meta"] = meta = http.get(f"{ISSUER}/.well-known/openid-configuration", timeout=30).json()
    assert meta["issuer"] == ISSUER
    state["keys"] = jwk.KeySet.import_key_set(http.get(meta["jwks_uri"], timeout=30).json())


def code_and_pkce(state):
    client, verifier, nonce = session(), generate_token(48), generate_token()
    url, sent = client.create_authorization_url(state["meta"]["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    back = person.walk(url, REDIRECT)
    assert parameter(back, "iss") == ISSUER
    token = client.fetch_token(state["meta"]["token_endpoint"], authorization_response=back, state=sent, code_verifier=verifier)
    state.update(client=client, token=token, id_token=token["id_token"])
    claims = CodeIDToken(jwt.decode(token["id_token"], state["keys"], algorithms=["RS256"]).claims, {}, {
        "iss": {"value": ISSUER}, "aud": {"value": CLIENT_ID}, "nonce": {"value": nonce}}, {"nonce": nonce, "client_id": CLIENT_ID})
    claims.validate()
    state["sub"] = claims["sub"]


def userinfo(state):
    info = state["client"].get(state["meta"]["userinfo_endpoint"], timeout=30).json()
    assert info["sub"] == state["sub"] and info["email"] == person.email and info["email_verified"] is True, info


def pushed(state):
    client, verifier, sent, nonce = session(), generate_token(48), generate_token(), generate_token()
    url, _ = client.create_authorization_url("http://x/", state=sent, code_verifier=verifier, nonce=nonce)
    wanted = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    answer = http.post(state["meta"]["pushed_authorization_request_endpoint"], data=wanted, auth=(CLIENT_ID, CLIENT_SECRET), timeout=30)
    assert answer.status_code == 201, answer.text
    query = urlencode({"client_id": CLIENT_ID, "request_uri": answer.json()["request_uri"]})
    back = person.walk(f"{state['meta']['authorization_endpoint']}?{query}", REDIRECT)
    token = client.fetch_token(state["meta"]["token_endpoint"], authorization_response=back, state=sent, code_verifier=verifier)
    assert token["access_token"]


def refresh(state):
    before = state["token"]["access_token"]
    state["token"] = state["client"].refresh_token(state["meta"]["token_endpoint"], state["token"]["refresh_token"])
    assert state["token"]["access_token"] != before


def introspection(state):
    answer = state["client"].introspect_token(state["meta"]["introspection_endpoint"], token=state["token"]["access_token"], token_type_hint="access_token")
    found = answer.json()
    assert found["active"] is True and found["client_id"] == CLIENT_ID, found


def revocation(state):
    access = state["token"]["access_token"]
    answer = state["client"].revoke_token(state["meta"]["revocation_endpoint"], token=access, token_type_hint="access_token")
    assert answer.status_code == 200, answer.text
    left = session().introspect_token(state["meta"]["introspection_endpoint"], token=access).json()
    assert left == {"active": False}, left


def logout(state):
    query = urlencode({"id_token_hint": state["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "bye"})
    back = person.walk(f"{state['meta']['end_session_endpoint']}?{query}", AFTER_LOGOUT)
    assert parameter(back, "state") == "bye", back


STEPS = [
    ("discovery and JWKS", discovery),
    ("code with PKCE, a person registers on the way, the ID token verifies", code_and_pkce),
    ("userinfo", userinfo),
    ("a pushed request", pushed),
    ("refresh", refresh),
    ("introspection", introspection),
    ("revocation ends the token", revocation),
    ("RP-initiated logout", logout),
]

state = {}
for name, step in STEPS:
    try:
        step(state)
    except Exception:
        print(f"not ok authlib: {name}")
        traceback.print_exc()
        sys.exit(1)
    print(f"ok authlib: {name}", flush=True)
