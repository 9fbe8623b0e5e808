'use strict';
// whatsapp-web.js, as its users run it. Only the browser's arguments are the test's.
const { Client, LocalAuth } = require('whatsapp-web.js');
const { obey, tell } = require(`${__dirname}/speaking.cjs`);

const { chromium, args, directory } = JSON.parse(process.argv[2]);
const client = new Client({
  authStrategy: new LocalAuth({ dataPath: directory }),
  puppeteer: { executablePath: chromium, headless: true, args },
  webVersionCache: { type: 'none' },
});
const said = (message) => ({ id: message.id?.id, body: message.body, from: message.from, to: message.to });

// It shows its code before it listens for the login: who scans within that moment is never ready. A test could.
const listening = client.initialize();
client.on('qr', (code) => listening.then(() => tell('qr', { code })));
client.on('authenticated', () => tell('authenticated'));
client.on('ready', () => tell('ready', { me: client.info.wid._serialized, name: client.info.pushname }));
client.on('message', (message) => tell('message', said(message)));
client.on('message_create', (message) => tell('created', said(message)));
client.on('message_ack', (message, ack) => tell('ack', { ...said(message), ack }));
client.on('message_reaction', (reaction) => tell('reaction', { text: reaction.reaction }));
client.on('message_edit', (message, now, before) => tell('edited', { now, before }));
client.on('message_revoke_everyone', () => tell('revoked'));
client.on('call', (call) => tell('call', { from: call.from }));
client.on('disconnected', (reason) => tell('disconnected', { reason }));
// After a logout it looks at a page that is gone by then, and nobody awaits the answer.
process.on('unhandledRejection', (error) => tell('unhandled', { error: String(error?.message ?? error) }));

obey({
  send: async ({ to, text }) => said((await client.sendMessage(to, text)) ?? {}),
  state: () => client.getState(),
  known: async ({ number }) => Boolean(await client.getNumberId(number)),
  chats: async () => (await client.getChats()).map((chat) => chat.name),
  contacts: async () => (await client.getContacts()).map((contact) => contact.name),
  logout: () => client.logout(),
  close: () => client.destroy().finally(() => setImmediate(() => process.exit(0))),
});
listening.catch((error) => tell('broken', { error: String(error?.message ?? error) }));
