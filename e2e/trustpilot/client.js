// What a shop's program does with Trustpilot's own client, the npm package
// trustpilot. Only baseUrl is another one than in its documentation. It prints
// one line of JSON with what came back; a failure ends it with status 1.
'use strict';

const { TrustpilotApi } = require('trustpilot');

// base, key, secret, domain; username and password of a user, and his id.
const settings = JSON.parse(process.argv[2]);

function client(more) {
  return new TrustpilotApi({ key: settings.key, secret: settings.secret, baseUrl: settings.base, ...more });
}

// token is what a client would present.
const token = (api) => api.defaults.headers.authorization.replace('Bearer ', '');

// refusal is the answer to a call that must fail.
async function refusal(call) {
  try {
    await call;
  } catch (error) {
    if (!error.response) throw error;
    return { status: error.response.status, body: error.response.data };
  }
  throw new Error('a call that must fail did not');
}

const invitation = (reference) => ({
  consumerEmail: 'eva@kund.example',
  consumerName: 'Eva Lind',
  referenceNumber: reference,
  locale: 'sv-SE',
  serviceReviewInvitation: { preferredSendTime: '2099-01-15T09:00:00', tags: ['region-north'] },
});

async function main() {
  const out = {};
  const application = client({ grantType: 'client_credentials' });
  const byApplication = await application.authenticate();
  const byUser = await client({ username: settings.username, password: settings.password }).authenticate(); // password by default
  out.tokens = [token(byApplication), token(byUser)];
  // Where issued_at is in seconds, the package thinks every token expired and
  // asks for another one each time.
  out.again = [token(await application.authenticate()), token(await application.authenticate())];

  const unit = (await application.apiRequest.get('/v1/business-units/find', { params: { name: settings.domain } })).data;
  out.unit = unit.id;
  out.sameUnit = (await application.apiRequest(`/v1/business-units/${unit.id}`)).data.id;
  out.noUnit = await refusal(application.apiRequest('/v1/business-units/find?name=nobody.example'));
  const slashed = client({ grantType: 'client_credentials', baseUrl: `${settings.base}/` });
  out.slashed = (await slashed.apiRequest(`/v1/business-units/${unit.id}`)).data.id;

  const at = `/v1/private/business-units/${unit.id}`;
  const acting = { headers: { 'x-business-user-id': settings.user } };
  out.invited = [
    (await byApplication.post(`${at}/email-invitations`, invitation('SO-1'), acting)).status,
    (await byUser.post(`${at}/email-invitations`, invitation('SO-2'))).status,
  ];
  out.noUser = await refusal(byApplication.post(`${at}/email-invitations`, invitation('SO-3')));
  out.malformed = await refusal(byUser.post(`${at}/email-invitations`, { ...invitation('SO-4'), consumerEmail: 'nobody' }));
  out.noToken = await refusal(application.apiRequest.post(`${at}/email-invitations`, invitation('SO-5')));
  out.wrongSecret = await refusal(client({ grantType: 'client_credentials', secret: 'wrong' }).authenticate());

  out.templates = (await byApplication.get(`${at}/templates`)).data.templates;
  out.link = (await byApplication.post(`${at}/invitation-links`, {
    referenceId: 'SO-6', email: 'eva@kund.example', name: 'Eva Lind', locale: 'sv-SE',
  })).data;
  out.deleted = (await byUser.post(`${at}/invitation-data/delete`, { customerEmails: ['eva@kund.example'] })).status;
  console.log(JSON.stringify(out));
}

main().catch((error) => {
  const answer = error.response ? ` ${error.response.status} ${JSON.stringify(error.response.data)}` : '';
  console.error(error.stack + answer);
  process.exit(1);
});
