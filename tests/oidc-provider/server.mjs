// A certified OpenID Connect provider (oidc-provider) for tests: who signs in is said by the header `x-account` of the request to
// the interaction, so that a test decides it without pages.
//
//   node server.mjs PORT REDIRECT_URI [userinfo]
//
// With `userinfo` the ID token holds nothing but the protocol's own claims, and the society's are asked at the UserInfo endpoint.
import Provider from "oidc-provider";

const [port, redirect, where] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const ACCOUNTS = {
  yoko: { member_number: "9000001" },
  stranger: { member_number: "1234567" },
  nobody: {},
  listed: { member_number: ["9000001"] },
  several: { member_number: ["9000001", "9000002"] },
  nested: { realm_access: { roles: ["offline_access", "shinsei-office"] } },
  clerk: { roles: ["shinsei-office", "unrelated"] },
  chief: { roles: ["shinsei-office", "shinsei-chief"] },
  reporter: { roles: "shinsei-statistics" },
};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "shinsei",
      client_secret: "a-secret-of-the-tests-alone",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { methods: ["S256"], required: () => true },
  conformIdTokenClaims: where === "userinfo",
  scopes: ["openid", "society"],
  claims: { openid: ["sub"], society: ["member_number", "roles", "realm_access"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ["of the tests alone"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) }),
  // Everybody has agreed.
  loadExistingGrant: async (context) => {
    const { Grant } = provider;
    // One for all tabs: a code is good only while the session has the grant that it was given under.
    const given = context.oidc.session.grantIdFor(context.oidc.client.clientId);
    const known = given && (await Grant.find(given));
    if (known && known.accountId === context.oidc.session.accountId) return known;
    const grant = new Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
    grant.addOIDCScope("openid society");
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  const account = context.get("x-account");
  const result =
    account in ACCOUNTS
      ? { login: { accountId: account } }
      : { error: "access_denied", error_description: "the tests say no" };
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false });
  context.respond = false;
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
