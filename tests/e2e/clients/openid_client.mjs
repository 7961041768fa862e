// The certified JavaScript client against Concord: discovery, PAR, code and PKCE, userinfo, refresh, introspection, logout.
import assert from "node:assert/strict";
import * as client from "openid-client";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { step, story, used, wanted } from "../lib/report.mjs";
import { Person } from "../lib/person.mjs";

const issuer = wanted("ISSUER");
const [id, secret, redirect] = [wanted("CLIENT_ID"), wanted("CLIENT_SECRET"), wanted("REDIRECT_URI")];
const afterLogout = wanted("POST_LOGOUT_REDIRECT_URI");
const scope = process.env.SCOPE ?? "openid profile email offline_access";
const person = new Person({ email: wanted("PERSON_EMAIL"), name: "Nadia", password: "four brown horses drink tea", mail: wanted("MAIL_DIR") });

/** One authorization: how the request travels is the caller's choice. */
async function authorize(config, url, checks) {
  const returned = await person.walk(url.href, redirect);
  return client.authorizationCodeGrant(config, returned, checks);
}

async function request(config, extra = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const parameters = { redirect_uri: redirect, scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...extra };
  return { parameters, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
}

await story(async () => {
  const config = await step("openid-client: discovery", async () => {
    const found = await client.discovery(new URL(issuer), id, undefined, client.ClientSecretBasic(secret), { execute: [client.allowInsecureRequests] });
    assert.equal(found.serverMetadata().issuer, issuer);
    return found;
  });

  const first = await step("openid-client: code with PKCE, a person registers on the way", async () => {
    const { parameters, checks } = await request(config);
    return authorize(config, client.buildAuthorizationUrl(config, parameters), checks);
  });
  const sub = first.claims().sub;

  await step("openid-client: the ID token verifies against the JWKS with an independent library", async () => {
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
    const { payload } = await jwtVerify(first.id_token, keys, { issuer, audience: id, algorithms: ["RS256"] });
    assert.equal(payload.sub, sub);
  });

  await step("openid-client: userinfo", async () => {
    const info = await client.fetchUserInfo(config, first.access_token, sub);
    assert.equal(info.sub, sub);
    assert.equal(info.email, person.email);
    assert.equal(info.email_verified, true);
  });

  const second = await step("openid-client: a pushed request, signed in already, needs no page", async () => {
    const { parameters, checks } = await request(config);
    const tokens = await authorize(config, await client.buildAuthorizationUrlWithPAR(config, parameters), checks);
    assert.equal(tokens.claims().sub, sub, "the same person is the same subject");
    return tokens;
  });

  await step("openid-client: prompt=none", async () => {
    const { parameters, checks } = await request(config, { prompt: "none" });
    const returned = await person.walk(client.buildAuthorizationUrl(config, parameters).href, redirect);
    assert.ok(returned.searchParams.get("code"), returned.search);
    await client.authorizationCodeGrant(config, returned, checks);
  });

  const renewed = await step("openid-client: refresh", async () => {
    const tokens = await client.refreshTokenGrant(config, second.refresh_token);
    for (const set of [first, second, tokens]) used(set.access_token, set.refresh_token, set.id_token);
    used(secret);
    assert.notEqual(tokens.access_token, second.access_token);
    return tokens;
  });

  await step("openid-client: introspection", async () => {
    const alive = await client.tokenIntrospection(config, renewed.access_token);
    assert.equal(alive.active, true);
    assert.equal(alive.client_id, id);
  });

  await step("openid-client: revocation ends the token", async () => {
    await client.tokenRevocation(config, renewed.refresh_token ?? second.refresh_token);
    assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, false);
  });

  await step("openid-client: a code is good once", async () => {
    const { parameters, checks } = await request(config);
    const returned = await person.walk(client.buildAuthorizationUrl(config, parameters).href, redirect);
    await client.authorizationCodeGrant(config, returned, checks);
    await assert.rejects(client.authorizationCodeGrant(config, returned, checks), (error) => error.error === "invalid_grant");
  });

  await step("openid-client: RP-initiated logout", async () => {
    const state = client.randomState();
    const url = client.buildEndSessionUrl(config, { post_logout_redirect_uri: afterLogout, id_token_hint: first.id_token, state });
    const back = await person.walk(url.href, afterLogout);
    assert.equal(back.searchParams.get("state"), state);
  });

  await step("openid-client: after it nobody is signed in", async () => {
    const { parameters } = await request(config, { prompt: "none" });
    const returned = await person.walk(client.buildAuthorizationUrl(config, parameters).href, redirect);
    assert.equal(returned.searchParams.get("error"), "login_required");
    assert.equal(returned.searchParams.get("iss"), issuer);
  });
});
